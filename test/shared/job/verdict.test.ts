import { describe, expect, it } from "vitest";
import { backoffSeconds } from "../../../shared/job/backoff.ts";
import type { Failure, FailureReason } from "../../../shared/job/failure.ts";
import { decide, type VerdictContext } from "../../../shared/job/verdict.ts";

const NOW = 1_000_000;
const context = (given: Partial<VerdictContext> = {}): VerdictContext => ({
  attempt: 0,
  maxAttempts: 5,
  now: NOW,
  random: () => 0,
  ...given,
});
const failure = (reason: FailureReason, given: Partial<Failure> = {}): Failure => ({
  reason,
  code: `test.${reason}`,
  message: "what happened",
  next: "what to do",
  httpStatus: 500,
  retryAfterSeconds: null,
  evidence: null,
  ...given,
});
const run = (reason: FailureReason, given: Partial<Failure> = {}) =>
  ({ kind: "failed", step: "create-token", failure: failure(reason, given) }) as const;

describe("each row of the verdict table", () => {
  const table: [FailureReason, string][] = [
    ["rate_limited", "snooze"],
    ["media_waiting", "snooze"],
    ["too_early", "snooze"],
    ["outcome_unknown", "retry"],
    ["conflict", "retry"],
    ["media_unavailable", "retry"],
    ["unnamed", "retry"],
    ["invalid", "bury"],
    ["not_found", "bury"],
    ["token_exists", "bury"],
    ["media_refused", "bury"],
    ["account", "halt"],
  ];
  it.each(table)("%s → %s", (reason, kind) => {
    expect(decide(run(reason), context()).kind).toBe(kind);
  });

  it("completes what completed and releases what was stopped", () => {
    expect(decide({ kind: "completed", outcome: "created" }, context())).toEqual({
      kind: "complete",
      outcome: "created",
    });
    expect(decide({ kind: "stopped" }, context())).toEqual({ kind: "release" });
  });
});

describe("waiting", () => {
  it("snoozes until the time that Sequence names, and says who asked", () => {
    const evidence = { url: null, host: "metadata.test", status: 429, body: null, hop: null };
    expect(decide(run("rate_limited", { retryAfterSeconds: 60, evidence }), context())).toMatchObject({
      kind: "snooze",
      until: NOW + 60_000,
      reason: "rate_limited",
      host: "metadata.test",
    });
  });

  it("never waits longer than an hour, whatever Retry-After says", () => {
    const verdict = decide(run("rate_limited", { retryAfterSeconds: 1e9 }), context());
    expect(verdict).toMatchObject({ kind: "snooze", until: NOW + 3_600_000 });
  });

  it("never comes back within a second: a Retry-After of 0 would be a loop without a pause", () => {
    const verdict = decide(run("rate_limited", { retryAfterSeconds: 0 }), context());
    expect(verdict).toMatchObject({ kind: "snooze", until: NOW + 1_000 });
  });

  it("tells a waiting media host from a waiting Sequence", () => {
    expect(decide(run("media_waiting"), context())).toMatchObject({ reason: "media_host_down" });
  });

  it("never buries a throttled job, however many attempts are behind it", () => {
    expect(decide(run("rate_limited"), context({ attempt: 1_000 })).kind).toBe("snooze");
  });
});

describe("retrying", () => {
  it("backs off further with each attempt", () => {
    const waits = [0, 1, 2, 3].map((attempt) => {
      const verdict = decide(run("outcome_unknown"), context({ attempt }));
      return verdict.kind === "retry" ? verdict.at - NOW : null;
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000]);
  });

  it("waits at least as long as a Retry-After on the failure", () => {
    const verdict = decide(run("outcome_unknown", { retryAfterSeconds: 90 }), context());
    expect(verdict).toMatchObject({ kind: "retry", at: NOW + 90_000 });
  });

  it("waits no longer than an hour for a retry either, or the time could not even be shown", () => {
    const verdict = decide(run("outcome_unknown", { retryAfterSeconds: Number.MAX_SAFE_INTEGER }), context());
    expect(verdict).toMatchObject({ kind: "retry", at: NOW + 3_600_000 });
  });

  it("buries with the last attempt, and says how many there were", () => {
    const verdict = decide(run("outcome_unknown"), context({ attempt: 4 }));
    expect(verdict).toMatchObject({
      kind: "bury",
      error: { retryable: false, message: "what happened (given up after 5 attempts)" },
    });
  });

  it("keeps the backoff between half a step and a step, and under its cap", () => {
    for (let attempt = 1; attempt <= 30; attempt += 1) {
      const [low, high] = [backoffSeconds(attempt, () => 0), backoffSeconds(attempt, () => 1)];
      expect(low).toBe(high / 2);
      expect(high).toBeLessThanOrEqual(600);
    }
  });
});

describe("halting", () => {
  it("carries code, message and next to the batch", () => {
    expect(decide(run("account", { code: "key.refused" }), context())).toMatchObject({
      kind: "halt",
      halted: { code: "key.refused", message: "what happened", next: "what to do" },
    });
  });
});
