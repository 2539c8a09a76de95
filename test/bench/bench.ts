/**
 * `npm run bench`: Mintline beside what people would use instead, against one neutral upstream, and what a job costs.
 * Prints a table of figures with their bounds; exit code 0 only if each bound is kept. `-- --only NAME` (may be
 * repeated), `-- --quick` smaller (to see that it works: its figures say little), `-- --json` every figure by name as
 * the last line, `-- --write` RESULTS.md. All of it takes a quarter of an hour and wants a quiet machine; Linux.
 */
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { atLeast, exitCodeOf, type Figure, judge, judged, recordOf, tableOf } from "./figures.ts";
import { machineOf } from "./machine.ts";
import { serviceAt } from "./mintline-stack.ts";
import { resultsText } from "./report.ts";
import { bundlesRun } from "./runs/bundles.ts";
import { countsRun } from "./runs/counts.ts";
import { firstTokenRun } from "./runs/first-token.ts";
import { intakeRun } from "./runs/intake.ts";
import { limitRun } from "./runs/limit.ts";
import { mediaRun } from "./runs/media.ts";
import { at20Run, at100Run } from "./runs/rates.ts";
import type { Run, RunGiven } from "./runs/run.ts";
import { upstreamRun } from "./runs/upstream.ts";
import { startUpstream } from "./upstream/start.ts";

const RUNS: readonly Run[] = [
  upstreamRun,
  at100Run,
  at20Run,
  limitRun,
  countsRun,
  firstTokenRun,
  intakeRun,
  bundlesRun,
  mediaRun,
];
const RESULTS = "test/bench/RESULTS.md";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const unknown = values.only.filter((name) => !RUNS.some((run) => run.name === name));
if (unknown.length > 0 || (values.write && (values.quick || values.only.length > 0))) {
  console.error(
    `expected --only one of ${RUNS.map(({ name }) => name).join(", ")}; --write with all of them`,
  );
  process.exit(2);
}
// An end from outside is an end by `exit`, where everything that was started is ended too.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
process.exit(await runAll());

async function runAll(): Promise<number> {
  const machine = machineOf(new Date());
  const upstream = await startUpstream();
  const service = await serviceAt(upstream);
  const given: RunGiven = {
    upstream,
    service,
    quick: values.quick,
    tell: (line) => console.log(`  ${line}`),
  };
  const chosen = RUNS.filter(({ name, always }) =>
    values.only.length > 0 ? values.only.includes(name) : always,
  );
  const figures: Figure[] = [];
  for (const run of chosen) figures.push(...(await performed(run, given)));
  await upstream.stop();
  console.log("local runtime, not Cloudflare's network:");
  for (const line of tableOf(figures)) console.log(line);
  const missed = figures.filter((figure) => judge(figure) === "NOT").length;
  console.log(missed === 0 ? "every bound is kept" : `${missed} bounds are not kept`);
  if (values.write) {
    const before = await readFile(RESULTS, "utf8").catch(() => null);
    await writeFile(RESULTS, resultsText(machine, figures, before));
  }
  if (values.json) console.log(JSON.stringify({ machine, quick: values.quick, figures: recordOf(figures) }));
  return exitCodeOf(figures);
}

/** A run that crashes has shown nothing, and is no reason to leave out the others. */
async function performed(run: Run, given: RunGiven): Promise<readonly Figure[]> {
  const startedAt = performance.now();
  console.log(`${run.name}: ${run.measures}`);
  try {
    return await run.perform(given);
  } catch (error) {
    console.error(error);
    return [judged(`run ${run.name}`, null, "", atLeast(1), "crashed")];
  } finally {
    console.log(`  ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  }
}
