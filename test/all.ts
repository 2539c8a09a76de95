/**
 * Everything that must hold: types, lint, generated types, unused dependencies, both bundles, and the tests, side
 * by side because many of them wait. Tells of each as it ends; then, for all that failed, what it printed; then
 * `N passed, N failed`, where a check counts as one and a part that crashes as failed. With `--browser`: only the
 * tests that need Chromium.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { CHAOS, CHECKS, testsOf } from "./tooling/checks.ts";
import { type Outcome, runLanes } from "./tooling/run-parts.ts";

const directory = mkdtempSync(join(tmpdir(), "mintline-test-"));
const tests = (project: string, name: string) => [testsOf(project, name, directory)];

// The journeys first: they last longest, and mostly wait.
const LANES = [
  tests("journeys", "tests of the whole, on real stacks"),
  [CHAOS],
  CHECKS,
  tests("consumer", "tests of the consumer and shared, in workerd"),
  tests("node", "tests of the CLI, the emulator and intake, in Node"),
  tests("producer", "tests of the producer, in workerd"),
];
const browser = [tests("browser", "tests in Chromium")];
const lanes = process.argv.includes("--browser") ? browser : LANES;

const outcomes = await runLanes(lanes, availableParallelism() + 1, (outcome) => console.log(lineOf(outcome)));
rmSync(directory, { recursive: true, force: true });

const failures = outcomes.filter(({ tally }) => tally.failed > 0);
for (const { part, output } of failures) console.log(`\n──── FAIL ${part.name}\n\n${output.trim()}`);
if (failures.length > 0) console.log();
const sum = (key: "passed" | "failed") => outcomes.reduce((total, { tally }) => total + tally[key], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

function lineOf({ part, tally, seconds }: Outcome): string {
  const counts = part.report === undefined ? "" : `: ${tally.passed} passed, ${tally.failed} failed`;
  return `${tally.failed === 0 ? "ok  " : "FAIL"} ${part.name}${counts} (${seconds.toFixed(1)} s)`;
}
