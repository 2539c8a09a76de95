/** From counts to dollars. */
import { describe, expect, it } from "vitest";
import { type Counted, quantitiesOfAMillion } from "./dollars.ts";
import { noCounts } from "./metered/counts.ts";
import { billBeyondIncluded, billOf, PRICE_NAMES, type Quantities } from "./prices.ts";

const nothing = Object.fromEntries(PRICE_NAMES.map((name) => [name, 0])) as Quantities;

describe("a bill", () => {
  it("is the sum of its lines, each the quantity at its price", () => {
    const bill = billOf({
      ...nothing,
      queueOperations: 3_000_000,
      d1RowsWritten: 6_000_000,
      r2ClassA: 500_000,
    });
    expect(bill.lines.filter(({ dollars }) => dollars > 0).map(({ dollars }) => dollars)).toEqual([
      expect.closeTo(1.2),
      6,
      2.25,
    ]);
    expect(bill.dollars).toBeCloseTo(9.45);
  });

  it("takes off what a month includes, and never more", () => {
    const bill = billBeyondIncluded({ ...nothing, queueOperations: 3_000_000, d1RowsWritten: 6_000_000 });
    expect(bill.dollars).toBeCloseTo(0.8);
  });
});

describe("a million tokens", () => {
  const counted = (given: Partial<Counted>): Counted => {
    const both = { producer: noCounts(), consumer: noCounts() };
    return { rows: 100, work: both, sweep: both, cpuMs: 0, ...given };
  };

  it("uses what both Workers used for the rows counted", () => {
    const work = {
      producer: { ...noCounts(), d1RowsWritten: 100, messagesSent: 100, requests: 1 },
      consumer: { ...noCounts(), d1RowsWritten: 400, messagesDelivered: 110, requests: 10 },
    };
    const quantities = quantitiesOfAMillion(counted({ work, cpuMs: 500 }));
    expect(quantities).toMatchObject({ d1RowsWritten: 5_000_000, requests: 110_000, cpuMs: 5_000_000 });
    // Written and deleted once each, read as often as delivered.
    expect(quantities.queueOperations).toBe(3_100_000);
  });

  it("has a sweep a minute for as long as the committed ceiling makes it last", () => {
    const sweep = { producer: { ...noCounts(), d1RowsRead: 3 }, consumer: noCounts() };
    // 4,000,000 calls at 50 a second: 80,000 seconds.
    expect(quantitiesOfAMillion(counted({ sweep })).d1RowsRead).toBeCloseTo((80_000 / 60) * 3);
    expect(quantitiesOfAMillion(counted({})).objectGbSeconds).toBeCloseTo(2 * 80_000 * 0.128);
  });
});
