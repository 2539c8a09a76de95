/**
 * The stack is killed while the service still works on its creates, and starts again before they are done. A look
 * that comes too early then says "absent" of what is about to be there.
 */
import { setTimeout as wait } from "node:timers/promises";
import { untilBegun, untilResting } from "../batches.ts";
import { repeats } from "../calls.ts";
import { endOf } from "../ending.ts";
import { SECOND } from "../limits.ts";
import { exactly, type Run, told } from "../run.ts";
import { type StageGiven, setStage } from "../stage.ts";
import { withStage } from "../with-stage.ts";

/** Longer than a restart takes, shorter than the patience that the stack has with a call. */
const SLOW_MS = 50 * SECOND;
const PATIENCE_MS = "60000";
/** Creates of each kind that are slow. */
const SLOW = 3;
const COUNT = 30;

const slow = (method: string) => ({
  id: `slow-${method}`,
  where: { method },
  what: { kind: "latency", ms: SLOW_MS } as const,
  times: SLOW,
});

const worldOf = (seed: number): StageGiven => ({
  seed,
  // Where a create overwrites, a late one shows as a token made twice; elsewhere it would be refused.
  switches: { createExisting: "overwrite" },
  variables: { CALL_TIMEOUT_MS: PATIENCE_MS },
});

export const lateActsRun: Run = {
  name: "late-acts",
  mustShow: "killed while the service works on a create for 50 s; nothing made twice after the restart",
  alone: false,
  notQuick: "a call of 50 s takes 50 s",
  perform: ({ seed }) =>
    withStage(setStage(worldOf(seed)), async (stage) => {
      const file = stage.makeFile({ count: COUNT });
      await stage.emulator.setFaults(slow("CreateToken"), slow("CreateAsset"));
      const id = await stage.submit(file);
      await untilBegun(stage, id);
      await wait(2 * SECOND);
      await stage.kill();
      const killedAt = Date.now();
      await stage.startAgain();
      const downSeconds = (Date.now() - killedAt) / SECOND;
      const batch = await untilResting(stage, id, { withinSeconds: 300 });
      await wait(Math.max(0, killedAt + SLOW_MS + SECOND - Date.now()));
      return endOf(stage, {
        published: file.rows,
        figures: ({ upstream }) => [
          exactly("completed", batch.jobs.completed, COUNT),
          exactly("creates repeated", repeats(upstream.calls).creates, 0),
          told("seconds of the restart", downSeconds),
        ],
      });
    }),
};
