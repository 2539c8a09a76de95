/** Figures that come from counts and times alone: their names are those that scripts look for, their bounds fire. */
import { describe, expect, it } from "vitest";
import { judge } from "./figures.ts";
import { noCounts } from "./metered/counts.ts";
import { figuresOf as countFigures } from "./runs/counts.ts";
import { figuresOf as intakeFigures, type Taken } from "./runs/intake.ts";
import { openLedger } from "./upstream/account.ts";

describe("intake", () => {
  const taken = (rows: number, seconds: number, p99: number): Taken => ({
    rows,
    id: `bat_${rows}`,
    seconds,
    validatingSeconds: seconds,
    status: { p50: 1, p99 },
    during: { p50: p99 / 2, p99: 1.5 * p99 },
  });
  const judged = (largest: Taken, read: number) =>
    intakeFigures(
      { p50: 1, p99: 3 },
      [taken(100_000, 2.5, 3), largest],
      new Map([[1_000_000, read]]),
      1_000,
    ).flatMap((figure) => (figure.bound === null ? [] : [[figure.name, judge(figure)]]));

  it("is judged at a million rows", () => {
    expect(judged(taken(1_000_000, 25, 6), 5)).toEqual([
      ["intake at 1 M rows", "ok"],
      ["intake at 1 M rows: time per row against 100 k", "ok"],
      ["batch status at 1 M jobs: p99 against the same GET on the idle stack", "ok"],
      ["batch status while 1 M rows are read: p50 against the same GET on the idle stack", "ok"],
      ["batch status while 1 M rows are read: p99 against the same GET on the idle stack", "ok"],
      ["batch status at 1 M jobs: rows read", "ok"],
    ]);
    expect(judged(taken(1_000_000, 28, 6.1), 6).map(([, is]) => is)).toEqual(
      Array.from({ length: 6 }, () => "NOT"),
    );
  });

  it("is only told where no million was taken in", () => {
    const figures = intakeFigures({ p50: 1, p99: 3 }, [taken(1_000, 1, 3)], new Map(), 1_000);
    expect(figures.filter(({ bound }) => bound !== null)).toEqual([]);
  });
});

describe("counts", () => {
  const figures = (consumer: Partial<ReturnType<typeof noCounts>>, calls: Record<string, number>) => {
    const counted = { ...noCounts(), deliveries: 10, messagesDelivered: 100, ...consumer };
    const work = { producer: noCounts(), consumer: counted };
    const sweep = { producer: noCounts(), consumer: noCounts() };
    const account = { ...openLedger().account, calls };
    return countFigures({ rows: 100, work, sweep, cpuMs: 100 }, account)
      .filter(({ bound }) => bound !== null)
      .map((figure) => [figure.name, judge(figure)]);
  };
  const four = {
    CreateToken: 100,
    CreateAsset: 100,
    Upload: 100,
    UpdateToken: 100,
    Media: 100,
    GetCollection: 1,
  };

  it("are judged a job", () => {
    expect(figures({ d1Calls: 30, d1RowsWritten: 600 }, four)).toEqual([
      ["D1 rows written a job", "ok"],
      ["D1 calls a job in full deliveries of 10", "ok"],
      ["Sequence calls a job without faults", "ok"],
      ["dollars per million tokens", "ok"],
    ]);
    expect(
      figures({ d1Calls: 31, d1RowsWritten: 800 }, { ...four, GetToken: 1 }).map(([, is]) => is),
    ).toEqual(["NOT", "NOT", "NOT", "NOT"]);
  });
});
