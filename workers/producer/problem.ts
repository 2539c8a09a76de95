/** Problems on their way out: as a response, and what stands behind those that many routes share. Pure. */
import type { Problem } from "../../shared/api/contract.ts";
import { problem, problemAs } from "../../shared/api/problems.ts";
import type { ConfigProblem } from "../../shared/config.ts";
import type { Failure, FailureReason } from "../../shared/job/failure.ts";
import { redact } from "../../shared/log.ts";

/** The one way a problem leaves: redacted, because its text may quote what somebody sent us. */
export function refuse(given: Problem, headers: Record<string, string> = {}): Response {
  const after = given.retryAfterSeconds;
  return new Response(redact(JSON.stringify(given)), {
    status: given.status,
    headers: {
      "content-type": "application/problem+json",
      ...(typeof after === "number" ? { "retry-after": String(after) } : {}),
      ...headers,
    },
  });
}

export const configProblem = (problems: readonly ConfigProblem[]): Problem =>
  problem(
    "config.invalid",
    problems.map(({ message }) => message).join(" "),
    problems.map(({ next }) => next).join(" "),
    { problems },
  );

export const notFound = (
  code: "batch.not_found" | "job.not_found" | "dead_letter.not_found" | "replay.not_found",
  id: string,
): Problem => {
  const noun = code.slice(0, code.indexOf(".")).replace("_", " ");
  return problem(
    code,
    `There is no ${noun} ${JSON.stringify(id)} for this target.`,
    `Check the id; ${LISTED[code]} lists those there are.`,
  );
};

const LISTED = {
  "batch.not_found": "`npx --no mintline status` (GET /v1/batches)",
  "job.not_found": "GET /v1/batches/{id}/jobs",
  "dead_letter.not_found": "`npx --no mintline dead-letters` (GET /v1/dead-letters)",
  "replay.not_found": "/v1/dead-letters",
} as const;

/**
 * How a failure at Sequence reads in HTTP. None is our own 500: 424 where the account must be mended first
 * (a client that repeats 5xx by itself would only repeat it), 502 where Sequence gave no usable answer, 503
 * where it asked to wait. `next` stands in for the failure's own where that speaks to a job, which tries again by
 * itself as nobody does here.
 */
const FAILED: Record<FailureReason, { status: number; title: string; next?: string }> = {
  account: { status: 424, title: "Sequence refuses this deployment's account" },
  rate_limited: { status: 503, title: "Sequence asked to wait", next: "Wait a little, then ask again." },
  outcome_unknown: {
    status: 502,
    title: "Sequence gave no usable answer",
    next: "Look whether it was done all the same, then ask again; if it goes on, check METADATA_URL and what stands between it and here.",
  },
  upstream_down: { status: 503, title: "Sequence does not answer", next: "Wait a little, then ask again." },
  too_early: { status: 503, title: "Sequence may still be at it", next: "Wait a little, then ask again." },
  unnamed: { status: 502, title: "Sequence answered something unexpected" },
  conflict: { status: 409, title: "Sequence already has this", next: "Look at what is there, then decide." },
  token_exists: { status: 409, title: "The token exists" },
  invalid: {
    status: 400,
    title: "Sequence refused the data",
    next: "Correct what the message names and send it again.",
  },
  not_found: { status: 404, title: "Sequence has no such thing" },
  media_refused: { status: 400, title: "The media cannot be used" },
  media_waiting: { status: 503, title: "The media host asked to wait" },
  media_unavailable: { status: 502, title: "The media host gave no usable answer" },
};

/** @param missing what a `not_found` means on this route. */
export function failureProblem(
  failure: Failure,
  missing: "collection.not_found" | "token.not_found" | "asset.not_found" = "collection.not_found",
): Problem {
  if (failure.code === "sequence.project_not_found") {
    return problemAs(
      FAILED.account,
      failure.code,
      failure.message,
      "Set PROJECT_ID to the key's own project.",
    );
  }
  if (failure.reason === "not_found" || failure.code === "collection.not_found") {
    return problem(
      missing,
      failure.message,
      "Check the id: `npx --no mintline collection list` (GET /v1/collections) lists the collections.",
    );
  }
  const { retryAfterSeconds } = failure;
  const kind = FAILED[failure.reason];
  return problemAs(kind, failure.code, failure.message, kind.next ?? failure.next, {
    ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
    ...(failure.httpStatus === null ? {} : { upstreamStatus: failure.httpStatus }),
  });
}
