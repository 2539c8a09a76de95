/** The stack killed in the midst of its work, again and again, as a power cut would do it. */
import { setTimeout as wait } from "node:timers/promises";
import { untilDone, untilResting } from "../batches.ts";
import { repeats } from "../calls.ts";
import { dice } from "../dice.ts";
import { endOf } from "../ending.ts";
import { SECOND } from "../limits.ts";
import { atLeast, atMost, exactly, type Run, told } from "../run.ts";
import { type Stage, setStage } from "../stage.ts";
import { withStage } from "../with-stage.ts";

/** What a killed run may still be doing is waited for until its lease is over: twice this, and at least 20 s. */
const QUICK = { variables: { CALL_TIMEOUT_MS: "10000" } };

/** After the batch has come so far, at most so long until the kill: not always between two deliveries. */
const SWAY_MS = 250;

export const killsRun: Run = {
  name: "kills",
  mustShow:
    "SIGKILL of the stack 20 times; all completed, ≤ 1 repeated write a job unsettled at a kill, never a create",
  alone: false,
  notQuick: null,
  perform: ({ seed, quick }) =>
    withStage(setStage({ seed, ...(quick && QUICK) }), async (stage) => {
      const [count, kills] = quick ? [150, 2] : [2_000, 20];
      const file = stage.makeFile({ count });
      const random = dice(seed);
      const id = await stage.submit(file);
      const unsettled = new Map<string, number>();
      let downMs = 0;
      for (let kill = 1; kill <= kills; kill += 1) {
        await untilDone(stage, id, Math.ceil((kill * count) / (kills + 1)), {
          withinSeconds: 120,
          everyMs: 20,
        });
        await wait(random() * SWAY_MS);
        await stage.kill();
        for (const token of runningTokens(stage)) unsettled.set(token, (unsettled.get(token) ?? 0) + 1);
        const killedAt = Date.now();
        await stage.startAgain();
        downMs += Date.now() - killedAt;
      }
      const batch = await untilResting(stage, id, { withinSeconds: 400 });
      return endOf(stage, {
        published: file.rows,
        figures: ({ upstream }) => {
          const { creates, others } = repeats(upstream.calls);
          const most = [...others].map(([token, times]) => times / (unsettled.get(token) ?? 0));
          return [
            exactly("completed", batch.jobs.completed, count),
            told("kills", kills),
            exactly("creates repeated", creates, 0),
            atLeast("jobs claimed and unsettled at a kill", sum(unsettled.values()), 1),
            atMost("writes repeated in all", sum(others.values()), sum(unsettled.values())),
            atMost("most writes repeated for one job at one kill", Math.max(0, ...most), 1),
            told("seconds of a restart", downMs / SECOND / kills),
          ];
        },
      });
    }),
};

function runningTokens(stage: Stage): string[] {
  return stage
    .store()
    .jobs.filter(({ state }) => state === "running")
    .map(({ tokenId }) => `${stage.collectionId}/${tokenId}`);
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
