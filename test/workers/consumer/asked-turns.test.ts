/** How many turns of the gate a delivery asks for: as many as its kind of jobs makes calls, from their messages alone. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { dispatch } from "../../../shared/dispatch.ts";
import { JobMessage } from "../../../shared/job/message.ts";
import { createLog } from "../../../shared/log.ts";
import type { Ask, Report } from "../../../workers/consumer/gate/words.ts";
import { deliver } from "../../support/consumer.ts";
import { ask, ear, emulator, followUp, staged, takeIn } from "../../support/follow-ups.ts";
import { target } from "../../support/intake.ts";
import { batchOf, db } from "../../support/pipeline.ts";

const ROWS = 3;

/** Dispatches what may run and delivers it as the queue would. @returns what the gate was asked for, once and again. */
async function deliverAll(name: string): Promise<number[]> {
  const sent: JobMessage[] = [];
  const jobs = {
    sendBatch: async (messages: Iterable<{ body: unknown }>) =>
      void sent.push(...Array.from(messages, ({ body }) => JobMessage.parse(body))),
  } as unknown as Queue<JobMessage>;
  await dispatch({ db, jobs, target, now: Date.now, log: createLog({}, () => undefined) });
  const asked: number[] = [];
  const gate = env.GATE.getByName(`turns ${name}`);
  const GATE = {
    getByName: () => ({
      enter: async (given: Ask) => {
        asked.push(given.calls);
        const { answer, pass } = await gate.enter(given);
        const more = (calls: number, report: Report) => {
          asked.push(calls);
          return pass.more(calls, report);
        };
        const tell = (report: Report) => pass.tell(report);
        return { answer, pass: { more, tell, [Symbol.dispose]: () => pass[Symbol.dispose]() } };
      },
    }),
  } as unknown as ConsumerEnv["GATE"];
  await deliver(
    sent.map(({ b, l, k }) => ({ batchId: b, line: l, ...(k && { kind: k }) })),
    { env: { GATE } },
  );
  return asked;
}

test("one a flip and three a verify, where a submission's jobs have four: none is left over, none is asked for later", async () => {
  const collectionId = await emulator.makeCollection(true);
  const id = await staged(ROWS, { collectionId });
  const calls = ear(collectionId);
  await calls();
  for (const [verb, each] of [
    ["publish", 1],
    ["verify", 3],
    ["unpublish", 1],
  ] as const) {
    const followUpId = String((await ask(verb, id)).body.id);
    await takeIn(followUpId);
    expect(await deliverAll(followUpId)).toEqual([ROWS * each]);
    expect(await batchOf(followUpId)).toMatchObject({ state: "finished", completed: ROWS });
  }
  expect(await followUp("publish", id)).toMatchObject({ state: "finished" });
});
