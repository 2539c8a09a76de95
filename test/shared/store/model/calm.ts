/**
 * What becomes of it all once nobody interferes: the sweep goes round, people let go on what they stopped, deliveries
 * complete what they get. Every message that was on its way before is lost.
 */
import { LIMITS } from "../../../../shared/limits.ts";
import { listCancelledWithOpenJobs } from "../../../../shared/store/batches.ts";
import type { Db } from "../../../../shared/store/db.ts";
import { listDispatchable, listStaleDispatches } from "../../../../shared/store/dispatches.ts";
import { findLostLeases } from "../../../../shared/store/leases.ts";
import { TARGET } from "../../../support/store.ts";
import * as calls from "./calls.ts";
import { toSettlement } from "./endings.ts";
import type { Claimed } from "./moves.ts";
import { countIn } from "./state.ts";
import type { Model, World } from "./world.ts";

/** Four rows a batch, each of them in each other's way, a trial's resumption, and one round to see that all is over. */
const ROUNDS = 12;

/** @throws Broken unless every batch of ours ends, with every job in a final state and no lease left. */
export async function calmDown(model: Model, world: World): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    model.now += LIMITS.messageLostMs + LIMITS.leaseFloorMs;
    world.say(`all is calm, round ${round + 1}`);
    if ((await goRound(model, world)) === 0 && isOver(model)) return;
  }
  world.fail("what is open never ends", [JSON.stringify(model.state)]);
}

const isOver = ({ state }: Model): boolean =>
  Object.keys(state.leases).length === 0 &&
  Object.entries(state.batches)
    .filter(([, { ours }]) => ours)
    .every(([name, batch]) => ["finished", "cancelled"].includes(batch.state) && countIn(state, name) === 0);

/** As the sweep does it: what it asks the store is what it acts on. @returns how many messages went out. */
async function goRound(model: Model, world: World): Promise<number> {
  const { now } = model;
  const { db } = world;
  const sent: string[] = [];
  const send = async (call: calls.Call<string[]>) => sent.push(...(await world.make({ call })));
  const since = { target: TARGET, now, before: now - LIMITS.messageLostMs, startedAt: 0, limit: 100 };

  for (const lease of await findLostLeases(db, since)) await send(calls.rescue({ lease, now, startedAt: 0 }));
  for (const { batchId, id } of await listStaleDispatches(db, since)) {
    await send(calls.resend({ batch: batchId, id, now, before: since.before, startedAt: 0 }));
  }
  await send(calls.sendDue({ id: world.nextId("w"), now, startedAt: 0, limit: 2 }));
  for (const batch of await listCancelledWithOpenJobs(db, TARGET)) {
    await world.make({ call: calls.cancelPiece({ batch, now, limit: 3 }) });
  }
  await world.make({ call: calls.finishIdle(now) });
  for (const [name, { state }] of Object.entries(model.state.batches)) {
    if (state === "planned") await world.make({ call: calls.order("start", name, now) });
    if (state === "paused" || state === "halted")
      await world.make({ call: calls.order("resume", name, now) });
  }
  for (const batch of await wanting(db)) {
    await send(calls.dispatch({ batch, id: world.nextId("d"), now, limit: 3 }));
  }
  if (sent.length > 0) await deliver(model, world, [...new Set(sent)]);
  return sent.length;
}

const wanting = async (db: Db): Promise<string[]> =>
  (await listDispatchable(db, TARGET)).batches.map(({ id }) => id);

async function deliver({ now }: Model, world: World, keys: readonly string[]): Promise<void> {
  const lease = world.nextId("L");
  let claimed: readonly Claimed[] = [];
  const times = { now, expiresAt: now + LIMITS.leaseFloorMs, toleranceMs: LIMITS.dueToleranceMs };
  await world.make({
    call: calls.claim({
      lease,
      keys,
      ...times,
      got(those) {
        claimed = those;
      },
    }),
  });
  const settlements = claimed.map((held) =>
    toSettlement(held, { kind: "complete", outcome: "created" }, "uploaded"),
  );
  await world.make({ call: calls.settle({ lease, now, settlements, halts: [], last: true }) });
}
