/** What verdict and backoff promise for anything they may be handed; the table itself is in verdict.test.ts. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BACKOFF, backoffSeconds } from "../../../shared/job/backoff.ts";
import type { FailureReason } from "../../../shared/job/failure.ts";
import { STEPS } from "../../../shared/job/job.ts";
import { decide, type RunOutcome, type Verdict, type VerdictContext } from "../../../shared/job/verdict.ts";
import { retryAfterSeconds } from "../../../shared/sequence/retry-after.ts";
import { runs } from "../../support/properties.ts";

/** By what it is: somebody else asks us to wait, the account is at fault, the row is, or nobody knows yet. */
const REASONS = {
  rate_limited: "waiting",
  media_waiting: "waiting",
  too_early: "waiting",
  upstream_down: "waiting",
  account: "account",
  invalid: "row",
  not_found: "row",
  token_exists: "row",
  media_refused: "row",
  outcome_unknown: "passing",
  conflict: "passing",
  media_unavailable: "passing",
  unnamed: "passing",
} as const satisfies Record<FailureReason, string>;

const allReasons = Object.keys(REASONS) as FailureReason[]; // keys forgets them
const reasonsOf = (kind: string) => allReasons.filter((reason) => REASONS[reason] === kind);

/** In [0, 1), as Math.random: no arithmetic may depend on never meeting its ends. */
const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
/** Until the year 2100. */
const times = fc.nat(4_102_444_800_000);

const httpDates = fc
  .oneof(times, fc.constantFrom(8.64e15, -8.64e15, 0))
  .map((at) => new Date(at).toUTCString());
/** What a server may put there, by mistake or to see what happens. */
const headers = fc.oneof(
  fc.constantFrom(
    null,
    "",
    "0",
    "-1",
    "1e9",
    "Infinity",
    "NaN",
    "0x10",
    "9".repeat(400),
    "1.5",
    "Sat",
    "Sun, 99",
  ),
  fc.nat().map(String),
  fc.stringMatching(/^[0-9]{1,40}$/),
  httpDates,
  fc.string(),
  fc.string().map((text) => `Mon, ${text}`),
);

/** Seconds by way of the header, as it is parsed, and some that no header gives. */
const asked: fc.Arbitrary<(now: number) => number | null> = fc.oneof(
  headers.map((header) => (now: number) => retryAfterSeconds(header, now)),
  fc.double({ noNaN: true }).map((seconds) => () => seconds),
);

type Case = {
  readonly run: RunOutcome & { kind: "failed" };
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly now: number;
  readonly die: number;
};
const contextOf = ({ attempt, maxAttempts, now, die }: Case): VerdictContext => {
  return { attempt, maxAttempts, now, random: () => die };
};
const cases = (reasons: readonly FailureReason[]): fc.Arbitrary<Case> =>
  fc
    .record({
      reason: fc.constantFrom(...reasons),
      step: fc.constantFrom(...STEPS),
      told: fc.record({ code: fc.string(), message: fc.string(), next: fc.string() }),
      httpStatus: fc.option(fc.integer({ min: 100, max: 599 })),
      host: fc.option(fc.domain()),
      asked,
      // More attempts than there may be: MAX_ATTEMPTS may have been lowered since.
      attempt: fc.nat(200),
      maxAttempts: fc.integer({ min: 1, max: 100 }),
      now: times,
      die: dice,
    })
    .map(({ reason, step, told, httpStatus, host, asked, ...context }) => ({
      run: {
        kind: "failed",
        step,
        failure: {
          reason,
          ...told,
          httpStatus,
          retryAfterSeconds: asked(context.now),
          evidence: host === null ? null : { url: null, host, status: httpStatus, body: null, hop: null },
        },
      },
      ...context,
    }));

const holds = (reasons: readonly FailureReason[], ask: (verdict: Verdict, given: Case) => void): void =>
  fc.assert(
    fc.property(cases(reasons), (given) => {
      ask(decide(given.run, contextOf(given)), given);
    }),
    runs(200),
  );

/** When the job comes back, in ms from now; null: not by itself. */
const waitOf = (verdict: Verdict, { now }: Case): number | null =>
  verdict.kind === "retry" ? verdict.at - now : verdict.kind === "snooze" ? verdict.until - now : null;

describe("a verdict", () => {
  it("is there for every reason, and the same for the same run", () =>
    holds(allReasons, (verdict, given) => {
      expect(["retry", "snooze", "bury", "halt", "hold"]).toContain(verdict.kind);
      expect(decide(given.run, contextOf(given))).toEqual(verdict);
    }));

  it("never buries a job that somebody asked to wait, and never counts it as an attempt", () =>
    holds(reasonsOf("waiting"), ({ kind }) => expect(["snooze", "hold"]).toContain(kind)));

  it("buries what is the row's fault at once, with the evidence", () =>
    holds(reasonsOf("row"), (verdict, { run }) =>
      expect(verdict).toMatchObject({ kind: "bury", evidence: run.failure.evidence }),
    ));

  it("halts for the account's fault, whatever the job has behind it: no attempt of its is spent", () =>
    holds(reasonsOf("account"), (verdict, { run }) => {
      const { code, message, next } = run.failure;
      expect(verdict).toMatchObject({ kind: "halt", halted: { code, message, next } });
    }));

  it("tries what may pass again exactly while there are attempts left", () =>
    holds(reasonsOf("passing"), ({ kind }, { attempt, maxAttempts }) =>
      expect(kind).toBe(attempt + 1 < maxAttempts ? "retry" : "bury"),
    ));

  it("comes back in whole milliseconds, not within a second and not after 66 minutes, whatever Retry-After says", () =>
    holds(allReasons, (verdict, given) => {
      const wait = waitOf(verdict, given);
      if (wait === null) return;
      expect(Number.isSafeInteger(given.now + wait)).toBe(true);
      expect(wait).toBeGreaterThanOrEqual(1_000);
      expect(wait).toBeLessThanOrEqual(3_960_001); // rounded up
    }));

  it("waits as long as it is asked to, where that is between a second and an hour", () =>
    holds(allReasons, (verdict, given) => {
      const { retryAfterSeconds: seconds } = given.run.failure;
      const wait = waitOf(verdict, given);
      if (wait !== null && seconds !== null && seconds >= 1 && seconds <= 3_600) {
        expect(wait).toBeGreaterThanOrEqual(Math.floor(seconds * 1_000));
      }
    }));

  it("keeps the server's words, and says rightly whether trying again may help", () =>
    holds(allReasons, (verdict, { run: { step, failure } }) => {
      const error = "error" in verdict ? verdict.error : null;
      expect(error).toMatchObject({
        step,
        code: failure.code,
        next: failure.next,
        httpStatus: failure.httpStatus,
      });
      expect(error?.message.startsWith(failure.message)).toBe(true);
      expect(error?.retryable).toBe(verdict.kind !== "bury");
    }));
});

/** What a verdict costs, as the consumer settles it. */
const costs = ({ kind }: Verdict): 0 | 1 =>
  kind === "retry" || kind === "bury" || kind === "complete" ? 1 : 0;

describe("a job's whole life", () => {
  it("has at most so many attempts, and ends with the last, however often it waited or was stopped", () =>
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("stopped" as const, ...allReasons), { maxLength: 60 }),
        fc.integer({ min: 1, max: 8 }),
        dice,
        (met, maxAttempts, die) => {
          let attempt = 0;
          let free = 0;
          for (const what of met) {
            const context = { attempt, maxAttempts, now: 1, random: () => die };
            const verdict = decide(what === "stopped" ? { kind: "stopped" } : failed(what), context);
            attempt += costs(verdict);
            free += 1 - costs(verdict);
            expect(attempt).toBeLessThanOrEqual(maxAttempts);
            if (verdict.kind === "bury") return;
          }
          // Nothing buried it: then every attempt was one that may pass, and one at least is left.
          expect(attempt).toBeLessThan(maxAttempts);
          expect(attempt + free).toBe(met.length);
        },
      ),
      runs(200),
    ));
});

const failed = (reason: FailureReason): RunOutcome => ({
  kind: "failed",
  step: "create-token",
  failure: {
    reason,
    code: "c",
    message: "m",
    next: "n",
    httpStatus: null,
    retryAfterSeconds: null,
    evidence: null,
  },
});

describe("backoff", () => {
  const attempts = fc.oneof(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 }),
  );

  it("lies between half a step and the step, which doubles up to its cap", () =>
    fc.assert(
      fc.property(attempts, dice, (attempt, die) => {
        const step = Math.min(BACKOFF.capSeconds, BACKOFF.baseSeconds * 2 ** (attempt - 1));
        const seconds = backoffSeconds(attempt, () => die);
        expect(seconds).toBeGreaterThanOrEqual(step / 2);
        expect(seconds).toBeLessThanOrEqual(step);
      }),
      runs(200),
    ));

  it("never shrinks with another attempt, by the same throw of the dice", () =>
    fc.assert(
      fc.property(attempts, dice, (attempt, die) => {
        const [sooner, later] = [attempt, attempt + 1].map((one) => backoffSeconds(one, () => die));
        expect(later).toBeGreaterThanOrEqual(sooner ?? Number.POSITIVE_INFINITY);
      }),
      runs(200),
    ));

  it("grows with the dice, so that two who failed together do not come back together", () =>
    fc.assert(
      fc.property(attempts, dice, dice, (attempt, one, other) => {
        fc.pre(Math.abs(one - other) > 1e-6);
        const seconds = [one, other].map((die) => backoffSeconds(attempt, () => die));
        expect(Math.sign((seconds[0] ?? 0) - (seconds[1] ?? 0))).toBe(Math.sign(one - other));
      }),
      runs(200),
    ));
});
