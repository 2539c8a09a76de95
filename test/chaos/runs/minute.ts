/** The limit as the real middleware keeps it: a sliding minute, its headers, and a `Retry-After` of a minute. */
import { setTimeout as wait } from "node:timers/promises";
import type { FaultInput } from "../../../emulator/faults.ts";
import { cancelRest, untilBegun, untilResting } from "../batches.ts";
import { bySecond, refusedShare, sequenceCalls, usedShare, within } from "../calls.ts";
import { endOf } from "../ending.ts";
import { SECOND } from "../limits.ts";
import { must } from "../must.ts";
import { atLeast, atMost, exactly, type Run, told } from "../run.ts";
import { setStage } from "../stage.ts";
import { withStage } from "../with-stage.ts";

const A_MINUTE = 3_000;
const CEILING = 20;

const LIMIT: FaultInput = {
  id: "limit",
  where: { method: "Sequence" },
  what: { kind: "rateLimit", perMinute: A_MINUTE },
};

export const minuteRun: Run = {
  name: "minute",
  mustShow:
    "3,000 calls a minute with headers, Retry-After: 60; after the first minute 429s ≤ 1 %, ≥ 90 % used",
  alone: true,
  notQuick: "what counts begins after the first minute",
  perform: ({ seed }) =>
    withStage(setStage({ seed }), async (stage) => {
      const count = 3_000;
      const file = stage.makeFile({ count });
      await stage.emulator.setFaults(LIMIT);
      const id = await stage.submit(file);
      await untilBegun(stage, id);
      const from = Date.now();
      await wait(120 * SECOND);
      const batch = must(await stage.client().batch(id));
      const until = Date.now();
      await cancelRest(stage, id);
      return endOf(stage, {
        published: [],
        notes: ({ upstream }) => [bySecond(sequenceCalls(upstream.calls), { from, until })],
        figures: ({ upstream }) => {
          const calls = sequenceCalls(upstream.calls);
          const later = { from: from + 60 * SECOND, until };
          return [
            exactly("the batch, to the end of it", batch.state, "running"),
            atMost("share of 429 after the first minute", refusedShare(within(calls, later)), 0.01),
            atLeast(
              "share of the limit used after the first minute",
              usedShare(calls, later, A_MINUTE / 60),
              0.9,
            ),
            told(
              "share of 429 in the first minute",
              refusedShare(within(calls, { from, until: later.from })),
            ),
            told(
              "calls let through in the first minute",
              usedShare(calls, { from, until: later.from }, 1 / 60),
            ),
          ];
        },
      });
    }),
};

export const ceilingRun: Run = {
  name: "ceiling",
  mustShow: `the same limit with MAX_CALLS_PER_SECOND=${CEILING}; never above ${CEILING} in any second`,
  alone: true,
  notQuick: "it goes by when calls arrive, which neighbours disturb",
  perform: ({ seed }) =>
    withStage(setStage({ seed, variables: { MAX_CALLS_PER_SECOND: String(CEILING) } }), async (stage) => {
      const count = 100;
      const file = stage.makeFile({ count });
      await stage.emulator.setFaults(LIMIT);
      const id = await stage.submit(file);
      const batch = await untilResting(stage, id, { withinSeconds: 90 });
      return endOf(stage, {
        published: file.rows,
        known: { callsPerSecond: CEILING },
        figures: ({ upstream }) => {
          const calls = sequenceCalls(upstream.calls).filter(({ tokenId }) => tokenId !== null);
          const [from = 0, until = 0] = [calls[0]?.at, calls.at(-1)?.at];
          const used = usedShare(calls, { from, until: until + 1 }, CEILING);
          return [
            exactly("completed", batch.jobs.completed, count),
            exactly("429s", calls.filter(({ status }) => status === 429).length, 0),
            told("share of the ceiling used", used),
          ];
        },
      });
    }),
};
