/** Counts what a delivery meets at one host, in the words in which the gate wants to hear it. */
import type { Failure, FailureReason } from "../../../shared/job/failure.ts";
import type { Result } from "../../../shared/result.ts";
import type { Answer, Quota, Report } from "./words.ts";

/** A call that was made: on a turn of which era, whether it had to wait for it, and when it left (epoch ms). */
export type Made = { readonly era: number; readonly waited: boolean; readonly sentAt: number };

export type Met = "answered" | "refused" | "failed";

export type Tally = {
  heard(result: Result<unknown, Failure>, made: Made): Met;
  /** With what the gate had counted before. */
  failedInARow(): number;
  /** Everything since the last time, which is then forgotten: what comes while it is on its way is the next one's. */
  drain(quota: Quota | null): Report;
};

const REFUSED: readonly FailureReason[] = ["rate_limited", "media_waiting"];
const FAILED: readonly FailureReason[] = ["outcome_unknown", "media_unavailable"];

/** Our own R2 failed to take or give the bytes: nothing was learned of the host. */
const OUR_OWN: readonly string[] = ["media.storage", "sequence.upload_source"];

export function createTally(answer: Answer, now: () => number): Tally {
  let inARow = answer.kind === "open" ? answer.failedInARow : 0;
  let heard: { met: Met; made: Made; retryAfterSeconds: number | null }[] = [];
  return {
    heard(result, made) {
      const met = metIn(result);
      inARow = met === "failed" ? inARow + 1 : 0;
      heard.push({ met, made, retryAfterSeconds: result.ok ? null : result.error.retryAfterSeconds });
      return met;
    },
    failedInARow: () => inARow,
    drain(quota) {
      const calls = heard;
      heard = [];
      return toReport(calls, quota, now());
    },
  };
}

function metIn(result: Result<unknown, Failure>): Met {
  if (result.ok || OUR_OWN.includes(result.error.code)) return "answered";
  if (REFUSED.includes(result.error.reason)) return "refused";
  return FAILED.includes(result.error.reason) ? "failed" : "answered";
}

type Heard = { readonly met: Met; readonly made: Made; readonly retryAfterSeconds: number | null };

function toReport(heard: readonly Heard[], quota: Quota | null, now: number): Report {
  const refused = heard.filter(({ met }) => met === "refused");
  const telling = refused.length > 0 ? refused : heard;
  const sent = heard.map(({ made }) => made.sentAt);
  const asked = refused.flatMap(({ retryAfterSeconds }) => retryAfterSeconds ?? []);
  return {
    era: Math.max(0, ...telling.map(({ made }) => made.era)),
    calls: heard.length,
    waited: heard.filter(({ made }) => made.waited).length,
    refused: refused.length,
    failed: heard.filter(({ met }) => met === "failed").length,
    failedInARow: heard.length - 1 - heard.findLastIndex(({ met }) => met !== "failed"),
    firstAt: sent.length > 0 ? Math.min(...sent) : now,
    lastAt: sent.length > 0 ? Math.max(...sent) : now,
    retryAfterSeconds: asked.length > 0 ? Math.max(...asked) : null,
    quota,
  };
}
