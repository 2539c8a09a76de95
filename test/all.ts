/**
 * Everything that must hold, one check after the other: types, lint, generated types, unused dependencies,
 * both bundles, then the tests. Counts each check and each test, and ends with `N passed, N failed`; a check
 * that crashes counts as failed. With `--browser`: only the tests that need Chromium.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CHECKS, type Tally, tallyOf } from "./tooling/checks.ts";

const directory = mkdtempSync(join(tmpdir(), "mintline-test-"));
const report = join(directory, "report.json");
const tally: Tally = { passed: 0, failed: 0 };

const browser = process.argv.includes("--browser");

for (const { name, command } of browser ? [] : CHECKS) {
  const ok = run(command);
  console.log(`${ok ? "ok  " : "FAIL"} ${name}`);
  tally[ok ? "passed" : "failed"] += 1;
}

const projects = browser ? ["--project=browser"] : ["--project=!browser"];
const ok = run([
  "vitest",
  "run",
  ...projects,
  "--reporter=dot",
  "--reporter=json",
  `--outputFile.json=${report}`,
]);
const tests = tallyOf(readReport(), ok);
rmSync(directory, { recursive: true, force: true });

console.log(`${tally.passed + tests.passed} passed, ${tally.failed + tests.failed} failed`);
process.exitCode = tally.failed + tests.failed === 0 ? 0 : 1;

function run(command: readonly string[]): boolean {
  const [program = "", ...args] = command;
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false" };
  return spawnSync(program, args, { stdio: "inherit", env }).status === 0;
}

function readReport(): unknown {
  try {
    return JSON.parse(readFileSync(report, "utf8"));
  } catch {
    return null;
  }
}
