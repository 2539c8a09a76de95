import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { Part } from "./checks.ts";
import { runLanes } from "./run-parts.ts";

const part = (name: string, script: string): Part => ({ name, command: [process.execPath, "-e", script] });
const loud = (name: string) => part(name, `console.log("${name} out"); console.error("${name} err")`);
const quiet = () => undefined;

it("keeps the order within a lane and counts each check as one", async () => {
  const told: string[] = [];
  const lane = [loud("first"), part("second", "process.exit(3)"), loud("third")];
  const outcomes = await runLanes([lane], 4, (outcome) => told.push(outcome.part.name));
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
  const outcomes = await runLanes([[waits], [part("signs", `fs.writeFileSync(${sign}, "")`)]], 2, quiet);
  expect(outcomes.map(({ tally }) => tally.passed)).toEqual([1, 1]);
});

it("counts a program that is not there, a crash and a missing report as failed, and goes on", async () => {
  const missing: Part = { name: "missing", command: ["no-such-program-of-mintline"] };
  const killed = part("killed", "process.kill(process.pid, 'SIGKILL')");
  const unreported: Part = { ...loud("unreported"), report: "no/such/report.json" };
  const outcomes = await runLanes([[missing, killed, unreported, loud("last")]], 1, quiet);
  expect(outcomes.map(({ tally }) => tally.failed)).toEqual([1, 1, 1, 0]);
  expect(outcomes[0]?.output).toContain("no-such-program-of-mintline");
});

it("does not wait for what a part leaves behind", async () => {
  const idle = `["-e", "setTimeout(() => undefined, 120_000)"], { stdio: "inherit", detached: true }`;
  const leaves = `const left = child_process.spawn(process.execPath, ${idle}); console.log(left.pid); left.unref()`;
  const [outcome] = await runLanes([[part("leaves", leaves)]], 1, quiet);
  expect(outcome?.tally).toEqual({ passed: 1, failed: 0 });
  const pid = Number(outcome?.output);
  expect(process.kill(pid)).toBe(true);
});
