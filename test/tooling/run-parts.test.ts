import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { Part } from "./checks.ts";
import { type Outcome, runLanes } from "./run-parts.ts";

const part = (name: string, script: string): Part => ({ name, command: [process.execPath, "-e", script] });
const loud = (name: string) => part(name, `console.log("${name} out"); console.error("${name} err")`);
const running = (slots: number, tell: (outcome: Outcome) => void = () => undefined) => ({
  slots,
  tell,
  timeUp: new AbortController().signal,
});

it("keeps the order within a lane and counts each check as one", async () => {
  const told: string[] = [];
  const lane = [loud("first"), part("second", "process.exit(3)"), loud("third")];
  const outcomes = await runLanes(
    [lane],
    running(4, (outcome) => told.push(outcome.part.name)),
  );
  expect(told).toEqual(["first", "second", "third"]);
  expect(outcomes.map(({ tally }) => tally)).toEqual([
    { passed: 1, failed: 0 },
    { passed: 0, failed: 1 },
    { passed: 1, failed: 0 },
  ]);
  expect(outcomes[0]?.output).toContain("first out\n");
  expect(outcomes[0]?.output).toContain("first err\n");
});

it("runs lanes side by side", async () => {
  const directory = mkdtempSync(join(tmpdir(), "mintline-lanes-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const sign = JSON.stringify(join(directory, "sign"));
  const waits = part(
    "waits",
    `while (!fs.existsSync(${sign})) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)`,
  );
  const outcomes = await runLanes([[waits], [part("signs", `fs.writeFileSync(${sign}, "")`)]], running(2));
  expect(outcomes.map(({ tally }) => tally.passed)).toEqual([1, 1]);
});

it("counts a program that is not there, a crash and a missing report as failed, and goes on", async () => {
  const missing: Part = { name: "missing", command: ["no-such-program-of-mintline"] };
  const killed = part("killed", "process.kill(process.pid, 'SIGKILL')");
  const unreported: Part = { ...loud("unreported"), report: "no/such/report.json" };
  const outcomes = await runLanes([[missing, killed, unreported, loud("last")]], running(1));
  expect(outcomes.map(({ tally }) => tally.failed)).toEqual([1, 1, 1, 0]);
  expect(outcomes[0]?.output).toContain("no-such-program-of-mintline");
});

it("does not wait for what a part leaves behind", async () => {
  const idle = `["-e", "setTimeout(() => undefined, 120_000)"], { stdio: "inherit", detached: true }`;
  const leaves = `const left = child_process.spawn(process.execPath, ${idle}); console.log(left.pid); left.unref()`;
  const [outcome] = await runLanes([[part("leaves", leaves)]], running(1));
  expect(outcome?.tally).toEqual({ passed: 1, failed: 0 });
  const pid = Number(outcome?.output);
  expect(process.kill(pid)).toBe(true);
});

it("ends what hangs when the time is up, with all it has started, and says what was never begun", async () => {
  const directory = mkdtempSync(join(tmpdir(), "mintline-lanes-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const sign = join(directory, "sign");
  const idle = `["-e", "setTimeout(() => undefined, 600_000)"], { detached: true }`;
  const hangs = `process.on("SIGTERM", () => undefined); setTimeout(() => undefined, 600_000);
    fs.writeFileSync(${JSON.stringify(sign)}, String(child_process.spawn(process.execPath, ${idle}).pid))`;
  const lane = [loud("first"), part("hangs", hangs), loud("later")];
  const time = new AbortController();
  const ran = runLanes([lane], { ...running(1), timeUp: time.signal });
  await expect.poll(() => existsSync(sign) && readFileSync(sign, "utf8"), PATIENT).toMatch(/^\d+$/);
  time.abort();
  expect((await ran).map(({ tally, cut }) => [tally.failed, cut])).toEqual([
    [0, null],
    [1, "hung"],
    [1, "never begun"],
  ]);
  const pid = Number(readFileSync(sign, "utf8"));
  await expect.poll(() => isRunning(pid), PATIENT).toBe(false);
});

/** It ends only what hangs. */
const PATIENT = { timeout: 30_000 };

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
