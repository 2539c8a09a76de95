/** What may happen next: who does what, to whom, and how often compared to the rest. */
import * as fc from "fast-check";
import { LIMITS, MINUTE, SECOND } from "../../../../shared/limits.ts";
import { type BatchVerb, EXPECTED_STATES } from "../../../../shared/store/batch-control.ts";
import * as calls from "./calls.ts";
import { type Ending, endings, judge, toSettlement } from "./endings.ts";
import type { Settle } from "./moves.ts";
import { countIn } from "./state.ts";
import {
  aimAtBatch,
  aimAtJobs,
  aimed,
  aims,
  at,
  isOut,
  limits,
  newest,
  nextId,
  number,
  type Step,
  seldom,
  step,
} from "./step.ts";
import type { Delivery } from "./world.ts";

const LEASE_MS = LIMITS.leaseFloorMs;

const dispatch = step(fc.record({ aim: aims, limit: limits }), ({ aim, limit }, model) => {
  const hasPending = (name: string) => countIn(model.state, name, ["pending"]) > 0;
  const batch = aimAtBatch(model, (name, state) => state === "running" && hasPending(name), aim);
  if (batch === undefined) return null;
  return { call: calls.dispatch({ batch, limit, id: nextId("d", model), now: model.now }) };
});

const some = fc.array(number, { minLength: 1, maxLength: 4 });

/** Mostly what a message may be about; now and then any job: a message may be late by hours. */
const claim = step(fc.record({ picks: some, blind: seldom }), ({ picks, blind }, model) => {
  const keys = aimAtJobs(model, isOut, picks, blind);
  if (keys.length === 0) return null;
  const { now } = model;
  const lease = nextId("L", model);
  const times = { now, expiresAt: now + LEASE_MS, toleranceMs: LIMITS.dueToleranceMs };
  const delivery: Delivery = { lease, claimed: [], held: new Set(), hasSettled: false };
  const got = (claimed: Delivery["claimed"]): void => {
    if (!model.deliveries.includes(delivery)) model.deliveries.push(delivery);
    delivery.claimed = claimed;
    for (const { job } of claimed) delivery.held.add(job);
  };
  return {
    call: calls.claim({ lease, keys, ...times, got }),
    // Who asks again has had no answer, so it has settled nothing; and it gives up long before its lease ends.
    mayRepeat: ({ now, state }) => !delivery.hasSettled && (state.leases[lease]?.expiresAt ?? 0) > now,
  };
});

const ends = fc.array(fc.option(endings, { freq: 6 }), { minLength: 1, maxLength: 4 });

/** Some or all of a delivery's jobs, each with an ending of its own; by its holder, or by one that no longer is. */
const settle = step(fc.record({ aim: aims, ends, last: fc.boolean() }), ({ aim, ends, last }, model) => {
  const unsettled = ({ claimed, hasSettled, held }: Delivery) =>
    claimed.length > 0 && (!hasSettled || held.size > 0);
  const delivery = aimed(newest(model.deliveries, 4), unsettled, aim);
  if (delivery === undefined) return null;
  const given = ended(delivery, ends, model.now);
  return {
    call: calls.settle({ lease: delivery.lease, now: model.now, last, ...given }),
    before() {
      delivery.hasSettled = true;
      for (const { job } of given.settlements) delivery.held.delete(job);
    },
  };
});

function ended(delivery: Delivery, ends: readonly (Ending | null)[], now: number) {
  const results = delivery.claimed.flatMap((held, index) => {
    const end = ends[index];
    if (!end) return [];
    const verdict = judge(held, end, now);
    return [{ held, verdict, settlement: toSettlement(held, verdict, end.reached) }];
  });
  const halts = new Map<string, Settle["halts"][number]>();
  for (const { held, verdict } of results) {
    const batch = calls.keyOf(held.job).batchId;
    if (verdict.kind === "halt") halts.set(batch, { batch, epoch: held.epoch ?? 0 });
  }
  return { settlements: results.map(({ settlement }) => settlement), halts: [...halts.values()] };
}

const renew = step(aims, (aim, model) => {
  const delivery = aimed(newest(model.deliveries, 4), ({ held }) => held.size > 0, aim);
  if (delivery === undefined) return null;
  const { now } = model;
  const names = [...new Set(delivery.claimed.map(({ job }) => calls.keyOf(job).batchId))];
  return { call: calls.renew({ lease: delivery.lease, now, expiresAt: now + LEASE_MS, batches: names }) };
});

/** By the clock, or by a restart: whatever was taken or sent before that went with the process. */
const rescue = step(fc.record({ aim: aims, restart: seldom }), ({ aim, restart }, model) => {
  const { now, state } = model;
  const isLost = ({ lease }: Delivery) => (state.leases[lease]?.expiresAt ?? now) < now || restart;
  const delivery = aimed(newest(model.deliveries, 8), isLost, aim);
  if (delivery === undefined) return null;
  return { call: calls.rescue({ lease: delivery.lease, now, startedAt: restart ? now : 0 }) };
});

const putBack = step(fc.record({ picks: some, blind: seldom, onlyStopped: fc.boolean() }), (given, model) => {
  const keys = aimAtJobs(model, isOut, given.picks, given.blind);
  if (keys.length === 0) return null;
  return { call: calls.putBack({ keys, now: model.now, onlyStopped: given.onlyStopped }) };
});

const resend = step(fc.record({ aim: aims, restart: seldom }), ({ aim, restart }, model) => {
  const { now, state } = model;
  const before = now - LIMITS.messageLostMs;
  const isOld = (send: string) => (state.sends[send]?.sentAt ?? now) <= before || restart;
  const [batch, id] = aimed(Object.keys(state.sends), isOld, aim)?.split("/") ?? [];
  if (batch === undefined || id === undefined) return null;
  return { call: calls.resend({ batch, id, now, before, startedAt: restart ? now : 0 }) };
});

const sendDue = step(fc.record({ limit: limits, blind: seldom, restart: seldom }), (given, model) => {
  const { now, state } = model;
  if (!given.blind && !Object.values(state.jobs).some(({ due }) => due !== null && due <= now)) return null;
  const startedAt = given.restart ? now : 0;
  return { call: calls.sendDue({ id: nextId("w", model), now, startedAt, limit: given.limit }) };
});

const cancelPiece = step(fc.record({ aim: aims, limit: limits }), ({ aim, limit }, model) => {
  const batch = aimAtBatch(model, (_, state) => state === "cancelled", aim);
  return batch === undefined ? null : { call: calls.cancelPiece({ batch, limit, now: model.now }) };
});

const finishIdle = step(fc.constant(null), (_, model) => ({ call: calls.finishIdle(model.now) }));

const order = (verb: BatchVerb): fc.Arbitrary<Step> =>
  step(aims, (aim, model) => {
    const batch = aimAtBatch(model, (_, state) => EXPECTED_STATES[verb].includes(state), aim);
    return batch === undefined ? null : { call: calls.order(verb, batch, model.now) };
  });

const replay = step(fc.record({ aim: aims, all: fc.boolean() }), ({ aim, all }, model) => {
  const { letters } = model.state;
  const hasOpen = (batch: string) =>
    letters.some(({ job, state }) => state === "open" && job.startsWith(`${batch}:`));
  const batch = aimAtBatch(model, hasOpen, aim);
  if (batch === undefined) return null;
  const given = { id: nextId("r", model), batch: all ? null : batch, now: model.now };
  return { call: calls.replay(given, letters.length), isReplay: true };
});

/** Whoever lost the answer makes the call once more, at once or when much has happened since. */
const repeat = step(number, (pick, model) => {
  const plan = at(newest(model.past, 8), pick);
  return plan?.mayRepeat?.(model) === false ? null : (plan ?? null);
});

const tick = step(
  fc.constantFrom(300, 3 * SECOND, LEASE_MS + 1, MINUTE + 1, LIMITS.messageLostMs + 1, 61 * MINUTE),
  (ms, model) => ({
    call: { text: `${ms / SECOND} s pass`, isIdempotent: false, model: () => null, store: async () => null },
    mayRepeat: () => false,
    before() {
      model.now += ms;
    },
  }),
);

const weighted = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });

export const steps = (maxCommands: number) =>
  fc.commands(
    [
      fc.oneof(
        weighted(20, dispatch),
        weighted(24, claim),
        weighted(24, settle),
        weighted(10, tick),
        weighted(8, repeat),
        weighted(12, rescue),
        weighted(2, renew),
        weighted(4, putBack),
        weighted(6, resend),
        weighted(8, sendDue),
        weighted(8, cancelPiece),
        weighted(1, finishIdle),
        weighted(4, order("pause")),
        weighted(10, order("resume")),
        weighted(1, order("cancel")),
        weighted(10, order("start")),
        weighted(10, replay),
      ),
    ],
    { maxCommands, size: "max" },
  );
