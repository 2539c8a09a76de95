/** The speed and the time left, over the settles of a run whose clock the test moves. */
import { describe, expect, it } from "vitest";
import { readBatch } from "../../../shared/store/batch-views.ts";
import { askAgainSeconds, batchView } from "../../../workers/producer/views/batch.ts";
import { seedBatch } from "../../support/rows.ts";
import { claim, clock, db, type Held, queue, settle, settlement, TARGET } from "../../support/store.ts";

const DELIVERY = 10;

/** The same sequence each time: between 0 and 1. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

type Ending = { readonly at: number; readonly side: number };

/** When each delivery of a steady run ends: some side by side, each lasting about `seconds`. In order. */
function endingsOf(deliveries: number, sides: number, seconds: number): Ending[] {
  const random = dice(7);
  const free = Array.from({ length: sides }, () => 0);
  const endings: Ending[] = [];
  for (let n = 0; n < deliveries; n += 1) {
    const side = free.indexOf(Math.min(...free));
    const at = (free[side] ?? 0) + Math.round(seconds * 1_000 * (0.7 + 0.6 * random()));
    free[side] = at;
    endings.push({ at, side });
  }
  return endings.sort((a, b) => a.at - b.at);
}

const viewOf = async (id: string) => {
  const row = await readBatch(db, TARGET, id);
  if (row === null) throw new Error("no batch");
  return batchView(row);
};

const begin = async (id: string): Promise<Held> => claim(await queue(id, DELIVERY));

const end = ({ leaseId, jobs }: Held) =>
  settle(
    leaseId,
    jobs.map((job) => settlement(job)),
  );

describe("the time left", () => {
  it.each([
    { deliveries: 100, side: 1, seconds: 1 },
    { deliveries: 100, side: 6, seconds: 3 },
    { deliveries: 400, side: 20, seconds: 1 },
    { deliveries: 150, side: 3, seconds: 12 },
  ])("is within 20 % after a tenth of a steady run: %o", async ({ deliveries, side, seconds }) => {
    clock.now += 1_000_000;
    const startedAt = clock.now;
    const rows = deliveries * DELIVERY;
    const id = await seedBatch(db, { rows, collectionId: startedAt, createdAt: startedAt });
    const endings = endingsOf(deliveries, side, seconds);
    const held: Held[] = [];
    for (let n = 0; n < side; n += 1) held.push(await begin(id));
    for (const ending of endings.slice(0, deliveries / 10)) {
      clock.now = startedAt + ending.at;
      const ended = held[ending.side];
      if (ended) await end(ended);
      held[ending.side] = await begin(id);
    }
    const { etaSeconds, ratePerSecond, jobs } = await viewOf(id);
    const truth = ((endings.at(-1)?.at ?? 0) - (clock.now - startedAt)) / 1_000;
    expect(Math.abs((etaSeconds ?? 0) - truth) / truth).toBeLessThan(0.2);
    expect(ratePerSecond).toBeGreaterThan(0);
    expect(Object.values(jobs).reduce((sum, count) => sum + count)).toBe(rows);
  });

  it("follows a change of speed, and counts nothing of a pause", async () => {
    clock.now += 1_000_000;
    const id = await seedBatch(db, { rows: 2_000, collectionId: clock.now, createdAt: clock.now });
    const steadily = async (times: number, everyMs: number) => {
      for (let n = 0; n < times; n += 1) {
        clock.now += everyMs;
        await end(await begin(id));
      }
      return (await viewOf(id)).ratePerSecond;
    };
    expect(await steadily(20, 1_000)).toBeCloseTo(10, 0);
    expect(await steadily(60, 500)).toBeGreaterThan(16);
    expect(await steadily(20, 4_000)).toBeLessThan(4);
  });
});

describe("when to ask again", () => {
  it("fits the speed", async () => {
    const id = await seedBatch(db, { rows: 20, collectionId: 1 });
    const batch = await viewOf(id);
    const asked = (given: Partial<typeof batch>) => askAgainSeconds({ ...batch, ...given }, 1_000);
    expect(asked({ etaSeconds: null })).toBe(1);
    expect(asked({ etaSeconds: 30 })).toBe(1);
    expect(asked({ etaSeconds: 400 })).toBe(4);
    expect(asked({ etaSeconds: 86_400 })).toBe(10);
    const waiting = {
      reason: "rate_limited",
      host: null,
      since: new Date(0).toISOString(),
      message: "",
    } as const;
    expect(asked({ waiting: { ...waiting, until: new Date(13_000).toISOString() } })).toBe(12);
    expect(asked({ waiting: { ...waiting, until: null } })).toBe(5);
    expect(asked({ state: "finished" })).toBeNull();
  });
});
