/** A small batch behind a very large one: it is done long before, and the large one can be stopped. */
import { setTimeout as wait } from "node:timers/promises";
import { cancelRest, untilDone, untilResting } from "../batches.ts";
import { sequenceCalls } from "../calls.ts";
import { endOf } from "../ending.ts";
import { SECOND } from "../limits.ts";
import { atMost, exactly, type Run, told } from "../run.ts";
import { setStage } from "../stage.ts";
import { withStage } from "../with-stage.ts";

/** Contract §3: within so long no new call is started; looked at a while longer. */
const STOPS_WITHIN_SECONDS = 5;
const LOOK_ON_MS = 8 * SECOND;

export const twoBatchesRun: Run = {
  name: "two-batches",
  mustShow:
    "20,000 rows, and 100 behind them; the small one done before 5 % of the large one, which is then cancelled",
  alone: true,
  notQuick: null,
  perform: ({ seed, quick }) =>
    withStage(setStage({ seed }), async (stage) => {
      const [large, small, begun] = quick ? [4_000, 20, 10] : [20_000, 100, 50];
      const [largeFile, smallFile] = [
        stage.makeFile({ count: large }),
        stage.makeFile({ count: small, from: large + 1 }),
      ];
      const largeId = await stage.submit(largeFile);
      await untilDone(stage, largeId, begun, { withinSeconds: 120, everyMs: 20 });
      const smallId = await stage.submit(smallFile);
      const done = await untilResting(stage, smallId, { withinSeconds: 120 });
      const cancelledAt = Date.now();
      const cancelled = await cancelRest(stage, largeId);
      await wait(Math.max(0, cancelledAt + LOOK_ON_MS - Date.now()));
      const smallDoneAt = Date.parse(done.finishedAt ?? "");
      return endOf(stage, {
        published: smallFile.rows,
        figures: ({ store, upstream }) => {
          const lastCallAt = Math.max(...sequenceCalls(upstream.calls).map(({ at }) => at));
          const before = store.jobs.filter(
            ({ batchId, state, stateAt }) =>
              batchId === largeId && state === "completed" && stateAt <= smallDoneAt,
          );
          return [
            told("rows of the large one", large),
            exactly("completed of the small one", done.jobs.completed, small),
            atMost("share of the large one that was done by then", before.length / large, 0.05),
            exactly("the large one", cancelled.state, "cancelled"),
            atMost(
              "seconds from the cancel to the last call",
              (lastCallAt - cancelledAt) / SECOND,
              STOPS_WITHIN_SECONDS,
            ),
          ];
        },
      });
    }),
};
