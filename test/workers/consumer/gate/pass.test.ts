/** A delivery's way through a gate: it keeps to its turns, asks for more when it must, and reports what it met. */
import { describe, expect, it } from "vitest";
import type { Failure, FailureReason } from "../../../../shared/job/failure.ts";
import { fail, ok } from "../../../../shared/result.ts";
import { createPass } from "../../../../workers/consumer/gate/pass.ts";
import { readQuota } from "../../../../workers/consumer/gate/quota.ts";
import type { Answer, Report } from "../../../../workers/consumer/gate/words.ts";
import { Stopped } from "../../../../workers/consumer/stopped.ts";

const failure = (reason: FailureReason, given: Partial<Failure> = {}): Failure => ({
  reason,
  code: `test.${reason}`,
  message: "m",
  next: "n",
  httpStatus: null,
  retryAfterSeconds: null,
  evidence: null,
  ...given,
});

const open = (
  calls: number,
  given: { from?: number; everyMs?: number; lateMs?: number; era?: number } = {},
): Answer => ({
  kind: "open",
  failedInARow: 0,
  turns: { from: Date.now(), everyMs: 0, lateMs: 25, era: 1, calls, ...given },
});

function session(answer: Answer, later: (calls: number) => Answer = (calls) => open(calls)) {
  const asked: { calls: number; report: Report }[] = [];
  const told: Report[] = [];
  return {
    asked,
    told,
    session: {
      answer,
      more: async (calls: number, report: Report) => {
        asked.push({ calls, report });
        return later(calls);
      },
      tell: async (report: Report) => {
        told.push(report);
        return answer;
      },
      end: () => undefined,
    },
  };
}

const passOf = (given: ReturnType<typeof session>, calls = 40) =>
  createPass(given.session, { calls, quota: () => null, now: Date.now });
const free = () => undefined;

describe("turns", () => {
  it("are taken one after the other, each at its time", async () => {
    // However busy the machine: none of these turns may count as missed.
    const given = session(open(4, { everyMs: 20, lateMs: 60_000 }));
    const pass = passOf(given);
    const startedAt = Date.now();
    const left: number[] = [];
    await Promise.all(
      Array.from({ length: 4 }, () => pass.through(free, async () => ok(left.push(Date.now() - startedAt)))),
    );
    left.forEach((ms, index) => {
      expect(ms).toBeGreaterThanOrEqual(index * 20 - 1);
    });
    expect(given.asked).toEqual([]);
  });

  it("that were missed are asked for again, in one question however many wait", async () => {
    const given = session(open(40, { from: Date.now() - 10_000, everyMs: 1 }));
    const pass = passOf(given);
    await Promise.all(Array.from({ length: 5 }, () => pass.through(free, async () => ok(1))));
    expect(given.asked.map(({ calls }) => calls)).toEqual([40]);
  });

  it("that are left after a refusal are given up for others", async () => {
    const given = session(open(40, { everyMs: 1 }), (calls) => open(calls, { era: 2 }));
    const pass = passOf(given);
    await pass.through(free, async () => fail(failure("rate_limited", { retryAfterSeconds: 3 })));
    await pass.through(free, async () => ok(1));
    expect(given.asked).toMatchObject([
      { calls: 39, report: { calls: 1, refused: 1, era: 1, retryAfterSeconds: 3 } },
    ]);
    await pass.close();
    expect(given.told).toMatchObject([{ calls: 1, refused: 0, era: 2, retryAfterSeconds: null }]);
  });

  it("are not to be had once the gate has shut or is gone: the job stops, it does not fail", async () => {
    const shut: Answer = { kind: "shut", reason: "down", since: 0, until: 1, herald: false };
    for (const later of [
      () => shut,
      () => {
        throw new Error("the object was reset");
      },
    ]) {
      const pass = passOf(session(open(0), later));
      await expect(pass.through(free, async () => ok(1))).rejects.toThrow(Stopped);
    }
  });

  it("are not used by whoever may no longer call when the wait is over", async () => {
    const pass = passOf(session(open(4, { from: Date.now() + 20, everyMs: 1 })));
    let asked = 0;
    const ask = () => {
      asked += 1;
      if (asked === 2) throw new Stopped("batch paused");
    };
    await expect(pass.through(ask, async () => ok(1))).rejects.toThrow("batch paused");
  });
});

describe("what was met", () => {
  it("is counted by what it says of the host: a 429 and a 400 prove that it is there, our own R2 says nothing", async () => {
    const given = session(open(40));
    const pass = passOf(given);
    const call = (reason: FailureReason, code = "x") =>
      pass.through(free, async () => fail(failure(reason, { code })));
    await call("outcome_unknown");
    await call("invalid");
    await call("outcome_unknown");
    await call("media_unavailable", "media.storage");
    await call("media_unavailable");
    await call("outcome_unknown");
    await pass.close();
    expect(given.told).toMatchObject([{ calls: 6, failed: 4, failedInARow: 2, refused: 0 }]);
  });

  it("in a row with what the gate had counted makes a host down", async () => {
    const given = session({ ...open(40), failedInARow: 7 } as Answer);
    const pass = passOf(given);
    const down = () => pass.through(free, async () => fail(failure("outcome_unknown")));
    await down();
    await down();
    expect(pass.isDown()).toBe(false);
    await down();
    expect(pass.isDown()).toBe(true);
    await pass.through(free, async () => ok(1));
    expect(pass.isDown()).toBe(false);
  });

  it("by a probe is believed at once", async () => {
    const probe: Answer = {
      kind: "probe",
      reason: "down",
      since: 0,
      turns: { from: 0, everyMs: 0, calls: 9, lateMs: 25, era: 1 },
    };
    const pass = passOf(session(probe));
    expect(pass.isDown()).toBe(false);
    await pass.through(free, async () => fail(failure("outcome_unknown")));
    expect(pass.isDown()).toBe(true);
  });

  it("while a report is on its way goes with the next", async () => {
    const given = session(open(40));
    const pass = passOf(given);
    await pass.through(free, async () => ok(1));
    const closing = pass.close();
    await pass.through(free, async () => ok(1));
    await closing;
    await pass.close();
    expect(given.told.map(({ calls }) => calls)).toEqual([1, 1]);
  });
});

describe("the quota in the headers", () => {
  const headers = (given: Record<string, string>) => readQuota(new Headers(given));
  it("is read whole or not at all", () => {
    const whole = {
      "Credits-Rate-Limit": "3000",
      "Credits-Rate-Remaining": "2990",
      "Credits-Rate-Reset": "1763917260",
    };
    expect(headers(whole)).toEqual({ limit: 3000, remaining: 2990, resetAt: 1_763_917_260_000 });
    expect(headers({ ...whole, "Credits-Rate-Limit": "0" })).toBeNull();
    expect(headers({ ...whole, "Credits-Rate-Reset": "soon" })).toBeNull();
    expect(headers({})).toBeNull();
  });
});
