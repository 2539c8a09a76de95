/** The key is refused in the middle: the batch stops, no row pays for it, and a person's resume finishes it. */
import { setTimeout as wait } from "node:timers/promises";
import { untilBatch, untilDone, untilResting } from "../batches.ts";
import { sequenceCalls } from "../calls.ts";
import { endOf } from "../ending.ts";
import { SECOND } from "../limits.ts";
import { must } from "../must.ts";
import { atLeast, atMost, exactly, type Run, told } from "../run.ts";
import { setStage } from "../stage.ts";
import { withStage } from "../with-stage.ts";

/** Messages of one delivery (`QUEUE_BATCH_SIZE`): each of its jobs may meet the refusal once. */
const ONE_DELIVERY = 10;

/** So long after the halt nothing may come any more. */
const SILENCE_MS = 3 * SECOND;

export const keyRun: Run = {
  name: "key",
  mustShow:
    "key refused in the middle, then mended and resumed; halted within one delivery, then all completed",
  alone: false,
  notQuick: null,
  perform: ({ seed, quick }) =>
    withStage(setStage({ seed }), async (stage) => {
      const count = quick ? 150 : 1_000;
      const file = stage.makeFile({ count });
      const id = await stage.submit(file);
      await untilDone(stage, id, count * 0.4, { withinSeconds: 60 });
      await stage.emulator.setFaults({
        id: "key",
        where: { method: "Sequence" },
        what: { kind: "refusedKey" },
      });
      const halted = await untilBatch(stage, id, ({ state }) => state === "halted", { withinSeconds: 30 });
      const haltedAt = Date.now();
      await wait(SILENCE_MS);
      const refused = sequenceCalls((await stage.emulator.facts()).calls).filter(
        ({ status }) => status === 401,
      );
      await stage.emulator.clearFault("key");
      must(await stage.client().steer(id, "resume"));
      const batch = await untilResting(stage, id, { withinSeconds: 400 });
      return endOf(stage, {
        published: file.rows,
        figures: ({ store }) => [
          exactly("halted for", halted.halted?.code ?? "nothing", "key.refused"),
          atLeast("calls refused", refused.length, 1),
          atMost("calls refused", refused.length, ONE_DELIVERY),
          told("seconds from the first refusal to the halt", (haltedAt - (refused[0]?.at ?? 0)) / SECOND),
          exactly("completed", batch.jobs.completed, count),
          exactly(
            "jobs with more than 1 attempt",
            store.jobs.filter(({ attempt }) => attempt !== 1).length,
            0,
          ),
        ],
      });
    }),
};
