/**
 * `npm run chaos`: the fault runs behind "nothing lost, nothing doubled". Each starts its own stack on a state of
 * its own, lets the emulator misbehave, and ends with the checker over D1 and the emulator's ledger. Exit code 0
 * only if each has shown what it must. `-- --quick` the same with smaller numbers, `-- --only NAME` (may be
 * repeated), `-- --seed N`, `-- --json` one JSON object as the last line.
 */
import { parseArgs } from "node:util";
import * as z from "zod";
import { endWithGroups } from "./groups.ts";
import { SECOND } from "./limits.ts";
import { removeMigrated } from "./migrated.ts";
import { isGood, jsonOf, type Outcome, tableOf } from "./outcome.ts";
import type { Run, RunGiven } from "./run.ts";
import { faultsRuns } from "./runs/faults.ts";
import { keyRun } from "./runs/key.ts";
import { killsRun } from "./runs/kills.ts";
import { lateActsRun } from "./runs/late-acts.ts";
import { limitRun } from "./runs/limit.ts";
import { ceilingRun, minuteRun } from "./runs/minute.ts";
import { outageRun } from "./runs/outage.ts";
import { refusalsRun } from "./runs/refusals.ts";
import { threeTimesRun } from "./runs/three-times.ts";
import { twoBatchesRun } from "./runs/two-batches.ts";

const RUNS: readonly Run[] = [
  killsRun,
  ...faultsRuns,
  refusalsRun,
  keyRun,
  threeTimesRun,
  ceilingRun,
  limitRun,
  minuteRun,
  outageRun,
  twoBatchesRun,
  lateActsRun,
];

/**
 * What may have neighbours runs so many at a time: a run waits more than it works. In `--quick` that is all of
 * them: shortened, they ask for no figure that a neighbour could spoil.
 */
const LANES = { full: 2, quick: 4 } as const;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    only: { type: "string", multiple: true, default: [] },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const seed = z.coerce.number().int().min(0).safeParse(values.seed);
const unknown = values.only.filter((name) => !RUNS.some((run) => run.name === name));
if (!seed.success || unknown.length > 0) {
  console.error(`expected --seed N and --only one of ${RUNS.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

endWithGroups((line) => console.error(line));
process.exit(await runAll({ seed: seed.data, quick: values.quick }));

async function runAll(given: RunGiven): Promise<number> {
  const startedAt = Date.now();
  const chosen = RUNS.filter(({ name }) => values.only.length === 0 || values.only.includes(name));
  const runs = chosen.filter(({ notQuick }) => !given.quick || notQuick === null);
  for (const { name, notQuick } of chosen.filter((run) => !runs.includes(run))) {
    console.log(`left out of --quick: ${name} (${notQuick})`);
  }
  const outcomes = given.quick
    ? await inLanes(runs, given, LANES.quick)
    : [
        ...(await inLanes(
          runs.filter(({ alone }) => !alone),
          given,
          LANES.full,
        )),
        ...(await inLanes(
          runs.filter(({ alone }) => alone),
          given,
          1,
        )),
      ];
  await removeMigrated();
  const seconds = (Date.now() - startedAt) / SECOND;
  for (const line of tableOf(outcomes)) console.log(line);
  const good = outcomes.filter(isGood).length;
  console.log(
    `${good} of ${outcomes.length} runs have shown what they must, after ${seconds.toFixed(0)} s, seed ${given.seed}`,
  );
  if (values.json) console.log(jsonOf(outcomes, { ...given, seconds }));
  return good === outcomes.length ? 0 : 1;
}

/** In the given order, so many at a time. */
async function inLanes(runs: readonly Run[], given: RunGiven, lanes: number): Promise<Outcome[]> {
  const open = runs.values();
  const outcomes: Outcome[] = [];
  const work = async (): Promise<void> => {
    for (const run of open) {
      const outcome = await performed(run, given);
      console.log(`${isGood(outcome) ? "ok  " : "FAIL"} ${run.name}  ${outcome.seconds.toFixed(0)} s`);
      outcomes.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: lanes }, work));
  return outcomes.sort((a, b) => runs.indexOf(a.run) - runs.indexOf(b.run));
}

/** A run that crashes is a run that failed, and no reason to leave out the others. */
async function performed(run: Run, given: RunGiven): Promise<Outcome> {
  const startedAt = Date.now();
  const shown = await run
    .perform(given)
    .catch((error: unknown) => ({ crashed: error instanceof Error ? error.message : String(error) }));
  return { run, shown, seconds: (Date.now() - startedAt) / SECOND };
}
