/** The service is gone in the middle: first nobody listens, then a proxy says so. Its media host goes on. */
import type { Batch } from "../../../shared/api/contract.ts";
import { untilDone, untilResting } from "../batches.ts";
import { sequenceCalls, within } from "../calls.ts";
import { endOf } from "../ending.ts";
import { SECOND } from "../limits.ts";
import { atMost, exactly, type Run, told } from "../run.ts";
import { setStage } from "../stage.ts";
import { withStage } from "../with-stage.ts";

/** A call that left before the end may come back with bad news a moment after it. */
const LAST_NEWS_MS = SECOND;

export const outageRun: Run = {
  name: "outage",
  mustShow:
    "60 s outage (refused, then 502); 0 dead, 0 attempts burnt after its first 10 s, waiting says so within 5 s, resumes ≤ 10 s after",
  alone: true,
  notQuick: null,
  perform: ({ seed, quick }) =>
    withStage(setStage({ seed, ownMediaHost: true }), async (stage) => {
      const [count, outageMs] = quick ? [300, 16 * SECOND] : [2_000, 60 * SECOND];
      const file = stage.makeFile({ count });
      const id = await stage.submit(file);
      await untilDone(stage, id, count / 4, { withinSeconds: 60, everyMs: 20 });
      const outage = { from: Date.now(), until: Date.now() + outageMs };
      await stage.emulator.setFaults(
        {
          id: "refused",
          where: { method: "Any" },
          what: { kind: "outage", as: "refused" },
          forMs: outageMs / 2,
        },
        { id: "502", where: { method: "Any" }, what: { kind: "outage", as: "502" }, untilMs: outage.until },
      );
      let saidAt = Infinity;
      const reading = ({ waiting }: Batch): void => {
        if (waiting?.reason === "upstream_down") saidAt = Math.min(saidAt, Date.now());
      };
      const batch = await untilResting(stage, id, { withinSeconds: outageMs / SECOND + 120, reading });
      return endOf(stage, {
        published: file.rows,
        known: { outages: [{ from: outage.from, until: outage.until + LAST_NEWS_MS }] },
        figures: ({ store, upstream }) => {
          const calls = sequenceCalls(upstream.calls);
          const heard = calls.find(({ at, acted }) => acted !== null && at >= outage.until)?.at ?? Infinity;
          const done = Math.min(
            ...store.jobs.filter(({ stateAt }) => stateAt >= outage.until).map(({ stateAt }) => stateAt),
          );
          return [
            exactly("completed", batch.jobs.completed, count),
            told("seconds of outage", outageMs / SECOND),
            exactly("dead letters", store.deadLetters.length, 0),
            atMost("seconds until waiting says upstream_down", (saidAt - outage.from) / SECOND, 5),
            atMost("seconds from its end to the next call", (heard - outage.until) / SECOND, 10),
            atMost("seconds from its end to the next job done", (done - outage.until) / SECOND, 10),
            told(
              "calls in the 502 half",
              within(calls, { from: outage.from + outageMs / 2, until: outage.until }).length,
            ),
            told(
              "attempts of all jobs",
              store.jobs.reduce((total, { attempt }) => total + attempt, 0),
            ),
          ];
        },
      });
    }),
};
