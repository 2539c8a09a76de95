/** The gate as an object in workerd: one session a delivery, and a memory that outlives the object. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { GateState } from "../../../../workers/consumer/gate/state.ts";
import type { Answer, Ask } from "../../../../workers/consumer/gate/words.ts";
import { failures, nothing, report, shutOf, turnsOf } from "../../../support/gate.ts";

const gate = (name: string) => env.GATE.getByName(name);
const ask = (given: Partial<Ask> = {}): Ask => ({ calls: 40, ceiling: null, report: null, ...given });
const at = (now: number) => ({ firstAt: now, lastAt: now });

/** Lets the time of a shut gate be over, without waiting for it. */
const endPeriod = (name: string): Promise<void> =>
  runInDurableObject(gate(name), (_, { storage }) => {
    const state = storage.kv.get<GateState>("gate");
    if (!state?.breaker.shut) throw new Error("not shut");
    const shut = { ...state.breaker.shut, until: Date.now() - 1, at: Date.now() - 10, heraldUntil: 0 };
    storage.kv.put("gate", { ...state, breaker: { ...state.breaker, shut } });
  }).then(() => evictDurableObject(gate(name)));

async function shut(name: string): Promise<Answer> {
  using entered = await gate(name).enter(ask());
  return await entered.pass.tell(failures(10, at(Date.now())));
}

it("answers a delivery with turns and with an object for the rest of it, in one round trip", async () => {
  const asked = Date.now();
  using entered = await gate("session").enter(ask());
  const answered = Date.now();
  const { answer, pass } = entered;
  const first = turnsOf({ answer });
  expect(first).toMatchObject({ calls: 40, everyMs: 10, era: 0 });
  expect(first.from).toBeGreaterThan(asked - 1_000);
  expect(first.from).toBeLessThan(answered + 1_000);
  const refused = report({ calls: 5, refused: 1, ...at(Date.now()) });
  const second = turnsOf({ answer: await pass.more(35, refused) });
  expect(second).toMatchObject({ era: 1 });
  expect(second.everyMs).toBeGreaterThan(first.everyMs);
  const last = await pass.tell(report({ era: 1, ...at(Date.now()) }));
  expect(last).toMatchObject({ kind: "open", failedInARow: 0, turns: { calls: 0 } });
});

it("gives no two deliveries the same turns, however they come", async () => {
  const stub = gate("crowd");
  const entered = await Promise.all(
    Array.from({ length: 5 }, () => stub.enter(ask({ calls: 10, ceiling: 50 }))),
  );
  const turns = entered.flatMap(({ answer }) => {
    const { from, everyMs, calls } = turnsOf({ answer });
    return Array.from({ length: calls }, (_, n) => from + n * everyMs);
  });
  turns.sort((a, b) => a - b);
  for (const [index, turn] of turns.entries()) {
    if (index > 0) expect(turn - (turns[index - 1] ?? 0)).toBeGreaterThan(20.9);
  }
  for (const one of entered) one[Symbol.dispose]();
});

it("forgets nothing of an outage when the object goes in the middle of it", async () => {
  const before = shutOf({ answer: await shut("outage") });
  expect(before.herald).toBe(true);
  await evictDurableObject(gate("outage"));
  using entered = await gate("outage").enter(ask());
  const { since, until } = before;
  expect(entered.answer).toEqual({ kind: "shut", reason: "down", since, until, herald: false });
});

it("remembers the limit that it found", async () => {
  {
    using entered = await gate("limit").enter(ask());
    await entered.pass.more(35, report({ calls: 5, refused: 1, ...at(Date.now()) }));
  }
  const everyMs = async () => {
    using entered = await gate("limit").enter(ask());
    return turnsOf({ answer: entered.answer }).everyMs;
  };
  const found = await everyMs();
  expect(found).toBeGreaterThan(10);
  await evictDurableObject(gate("limit"));
  expect(await everyMs()).toBe(found);
});

it("keeps a ceiling although turns are still out when the object crashes", async () => {
  using entered = await gate("ceiling").enter(ask({ calls: 40, ceiling: 20 }));
  const { from, everyMs, calls } = turnsOf({ answer: entered.answer });
  const crash = runInDurableObject(gate("ceiling"), (_, state) => state.abort("crashed by the test"));
  await expect(crash).rejects.toThrow("crashed by the test");
  using next = await gate("ceiling").enter(ask({ calls: 1, ceiling: 20 }));
  expect(turnsOf({ answer: next.answer }).from).toBeGreaterThanOrEqual(from + calls * everyMs);
});

it("starts afresh where it cannot read what an older version has stored", async () => {
  await runInDurableObject(gate("old"), (_, { storage }) => storage.kv.put("gate", { nextAt: "soon" }));
  await evictDurableObject(gate("old"));
  using entered = await gate("old").enter(ask());
  expect(turnsOf({ answer: entered.answer }).everyMs).toBe(10);
});

it("lets one try, hears it, and opens for all", async () => {
  await shut("probe");
  await endPeriod("probe");
  using probe = await gate("probe").enter(ask());
  expect(probe.answer.kind).toBe("probe");
  using other = await gate("probe").enter(ask());
  expect(other.answer.kind).toBe("shut");
  expect(await probe.pass.more(36, report({ calls: 1, ...at(Date.now()) }))).toMatchObject({ kind: "open" });
  using third = await gate("probe").enter(ask());
  expect(third.answer.kind).toBe("open");
});

it("passes a probe on when its delivery ends without a word: disposing of the session is heard", async () => {
  await shut("dispose");
  await endPeriod("dispose");
  {
    using probe = await gate("dispose").enter(ask());
    expect(probe.answer.kind).toBe("probe");
  }
  using next = await gate("dispose").enter(ask());
  expect(next.answer.kind).toBe("probe");
  expect(await next.pass.tell(nothing())).toMatchObject({ kind: "probe" });
});

it("writes when something is worth keeping, and not with every delivery", async () => {
  const stored = () =>
    runInDurableObject(gate("writes"), (_, { storage }) => storage.kv.get<GateState>("gate")?.passes);
  for (let turn = 0; turn < 3; turn += 1) {
    using entered = await gate("writes").enter(ask());
    await entered.pass.tell(report({ calls: 40, waited: 0, ...at(Date.now()) }));
  }
  expect(await stored()).toBeUndefined();
  await shut("writes");
  expect(await stored()).toBe(4);
});
