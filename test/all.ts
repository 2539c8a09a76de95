/**
 * Everything that must hold: types, lint, generated types, unused dependencies, both bundles, and the tests, side
 * by side because many of them wait. Tells of each as it ends; then, for all that failed, what it printed; then
 * `N passed, N failed`, where a check counts as one and a part that crashes or hangs as failed. `--browser`: only the
 * tests that need Chromium. `--everything`: those and the demo as well. `--within SECONDS`: what still runs then is
 * ended and has failed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CHAOS, CHECKS, CHROMIUM, DEMO, testsOf } from "./tooling/checks.ts";
import { type Outcome, runLanes } from "./tooling/run-parts.ts";

/** Several times what it takes: without `--within` it ends only what hangs. */
const PATIENCE_SECONDS = "1800";

const { values } = parseArgs({
  options: {
    browser: { type: "boolean", default: false },
    everything: { type: "boolean", default: false },
    within: { type: "string", default: PATIENCE_SECONDS },
  },
});
const directory = mkdtempSync(join(tmpdir(), "mintline-test-"));
const tests = (project: string, name: string) => testsOf(project, name, directory);

const BROWSER = tests("browser", "tests in Chromium");

/**
 * In this order: first what mostly waits, so that the cores always have other work beside it; what uses one core for
 * long before what is in pieces, so that at the end none of them has to be waited for alone.
 */
const LANES = [
  [tests("journeys", "tests of the whole, on real stacks")],
  [CHAOS],
  [tests("consumer", "tests of the consumer and shared, in workerd")],
  [tests("node", "tests of the CLI, the emulator and intake, in Node")],
  [tests("producer", "tests of the producer, in workerd")],
  ...(values.everything ? [[CHROMIUM, BROWSER], [DEMO]] : []),
  ...CHECKS.map((check) => [check]),
];

const outcomes = await runLanes(values.browser ? [[BROWSER]] : LANES, {
  slots: availableParallelism() + 1,
  timeUp: AbortSignal.timeout(Number(values.within) * 1_000),
  tell: (outcome) => console.log(lineOf(outcome)),
});
rmSync(directory, { recursive: true, force: true });

const failures = outcomes.filter(({ tally }) => tally.failed > 0);
for (const { part, output } of failures) console.log(`\n──── FAIL ${part.name}\n\n${output.trim()}`);
if (failures.length > 0) console.log();
const sum = (key: "passed" | "failed") => outcomes.reduce((total, { tally }) => total + tally[key], 0);
for (const { part, seconds, cut } of outcomes.filter((outcome) => outcome.cut !== null)) {
  console.log(
    cut === "hung"
      ? `HUNG ${part.name}: ended after ${seconds.toFixed(0)} s, because the ${values.within} s for everything were up`
      : `LEFT ${part.name}: never begun, because the ${values.within} s for everything were up`,
  );
}
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

function lineOf({ part, tally, seconds, cut }: Outcome): string {
  const counts = part.report === undefined ? "" : `: ${tally.passed} passed, ${tally.failed} failed`;
  const word =
    cut === "hung" ? "HUNG" : cut === "never begun" ? "LEFT" : tally.failed === 0 ? "ok  " : "FAIL";
  return `${word} ${part.name}${counts} (${seconds.toFixed(1)} s)`;
}
