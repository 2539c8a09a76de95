/** A quarter of all calls goes wrong in every way that passes, once for each way of answering an existing token. */
import { untilResting } from "../batches.ts";
import { sequenceCalls } from "../calls.ts";
import { endOf } from "../ending.ts";
import { passingFaults } from "../passing-faults.ts";
import { atLeast, exactly, type Run, told } from "../run.ts";
import { type StageGiven, setStage } from "../stage.ts";
import { withStage } from "../with-stage.ts";

const FAULTY = 0.25;

const MODES = ["conflict", "endpoint", "overwrite"] as const;

/** Short, so that the one slow call in a hundred is given up by the caller while the server goes on with it. */
const CALL_TIMEOUT_MS = "1000";

/**
 * The local broker hands over one delivery after the other, and each lasts as long as its unluckiest job. Larger
 * ones, with more jobs side by side, make as many calls go wrong in a third of the time.
 */
const WIDE = { QUEUE_BATCH_SIZE: "60", JOB_CONCURRENCY: "20" };

const faultsRun = (mode: (typeof MODES)[number], index: number): Run => ({
  name: `faults-${mode}`,
  mustShow: `25 % of calls faulty, existing token: ${mode}; all completed, 0 violations`,
  alone: false,
  notQuick: null,
  perform: ({ seed, quick }) =>
    withStage(setStage(worldOf(mode, seed + index)), async (stage) => {
      const count = quick ? 100 : 2_000;
      const file = stage.makeFile({ count, secondFileEvery: 10 });
      await stage.emulator.setFaults(...passingFaults(FAULTY));
      const begun = Date.now();
      const id = await stage.submit(file);
      const batch = await untilResting(stage, id, { withinSeconds: quick ? 120 : 600 });
      const seconds = (Date.now() - begun) / 1_000;
      for (const fault of (await stage.emulator.faults()).keys()) await stage.emulator.clearFault(fault);
      return endOf(stage, {
        published: file.rows,
        figures: ({ upstream }) => {
          const sequence = sequenceCalls(upstream.calls);
          const media = upstream.calls.filter(({ surface }) => surface === "media");
          return [
            exactly("completed", batch.jobs.completed, count),
            exactly("dead", batch.jobs.dead, 0),
            // Drawn, so a little below is chance; far below would mean that the run proves nothing.
            atLeast("share of Sequence calls faulty", shareFaulty(sequence), 0.15),
            atLeast("share of media calls faulty", shareFaulty(media), 0.15),
            told("Sequence calls a job", sequence.length / count),
            told("seconds", seconds),
          ];
        },
      });
    }),
});

const worldOf = (mode: (typeof MODES)[number], seed: number): StageGiven => ({
  seed,
  switches: { createExisting: mode },
  variables: { CALL_TIMEOUT_MS, ...WIDE },
});

const shareFaulty = (calls: readonly { fault: string | null }[]): number =>
  calls.filter(({ fault }) => fault !== null).length / Math.max(1, calls.length);

export const faultsRuns = MODES.map(faultsRun);
