/** What went wrong with media, named: the one place that turns it into reason, code, message and `next`. */
import type { Evidence, Failure, FailureReason } from "../../../shared/job/failure.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { MediaRefusal } from "../../../shared/media/kinds.ts";
import type { SpoolFailure } from "../../../shared/media/spool.ts";
import { retryAfterSeconds } from "../../../shared/sequence/retry-after.ts";
import { HOST_DOWN } from "../../../shared/store/wake.ts";
import { evidenceOf } from "./evidence.ts";
import { type Place, placeOf } from "./place.ts";
import type { Answer } from "./request.ts";
import type { TransferError } from "./timed.ts";

function failure(
  reason: FailureReason,
  { code, message, next }: MediaRefusal,
  evidence: Evidence | null,
  retryAfterSeconds: number | null = null,
): Failure {
  return { reason, code, message, next, httpStatus: evidence?.status ?? null, retryAfterSeconds, evidence };
}

/** The media can never be used as it is. */
export const refused = (refusal: MediaRefusal, evidence: Evidence | null): Failure =>
  failure("media_refused", refusal, evidence);

/** What may be different a moment later. A time-out is not: it has cost its patience already. */
export const isWorthAnotherTry = ({ code }: Failure): boolean =>
  code === "media.network" || code === "media.host_error" || code === "media.length_mismatch";

const REFUSALS: Readonly<Record<number, [code: string, means: string, next: string]>> = {
  401: [
    "media.unauthorized",
    "the host asks who we are",
    "Make the file public, or put it into a media set.",
  ],
  403: ["media.forbidden", "the host refuses it", "Make the file public, or put it into a media set."],
  404: ["media.not_found", "nothing is there", "Correct the URL, or put the file there, and replay."],
  410: ["media.gone", "it was taken away", "Correct the URL, or put the file into a media set, and replay."],
  451: ["media.legal", "it is barred for legal reasons", "Use media that may be shown, and replay."],
};

/** An answer that is neither success nor redirect. `now` in epoch ms. */
export function statusFailed({ response, place }: Answer, evidence: Evidence, now: number): Failure {
  const { status } = response;
  const got = `Expected a media file at ${place.shown}, got ${status}`;
  if (status === 429 || status === 503) {
    const says = {
      code: status === 429 ? "media.rate_limited" : "media.host_busy",
      message: `${got}: ${place.host} asks us to wait.`,
      next: "Nothing to do: the job goes on when the host lets it.",
    };
    return failure(
      "media_waiting",
      says,
      evidence,
      retryAfterSeconds(response.headers.get("retry-after"), now),
    );
  }
  if (status >= 500 || status === 408) {
    const next = "Nothing to do yet: it is tried again; if that fails too, look at the host and replay.";
    const says = { code: "media.host_error", message: `${got}: the host is in trouble.`, next };
    return failure("media_unavailable", says, evidence);
  }
  const [code, means, next] = REFUSALS[status] ?? [
    "media.bad_status",
    "an answer we have no use for",
    "Open the URL in a private window; correct it, or put the file into a media set, and replay.",
  ];
  return refused({ code, message: `${got}: ${means}.`, next }, evidence);
}

/** The guard names cells (`row.media_private`); in a job the same fact is about media (`media.private`). */
export const guardFailed = (refusal: MediaRefusal, place: Place): Failure =>
  refused(
    {
      ...refusal,
      code: refusal.code.replace(/^row\.media_/, "media."),
      message: place.hop === 0 ? refusal.message : `Redirect ${place.hop} was refused: ${refusal.message}`,
    },
    evidenceOf(place, null, null),
  );

export const tooManyRedirects = (place: Place): Failure =>
  refused(
    {
      code: "media.too_many_redirects",
      message: `Expected the file within ${LIMITS.mediaRedirects} redirects, got another one, to ${place.shown}.`,
      next: "Use the address that the redirects end at.",
    },
    evidenceOf(place, null, null),
  );

export const badRedirect = (place: Place, response: Response): Failure =>
  refused(
    {
      code: "media.bad_redirect",
      message: `Expected a media file or an address at ${place.shown}, got ${response.status} without a usable Location.`,
      next: "Use the address of the file itself.",
    },
    evidenceOf(place, response.status, null),
  );

/** `status` null: the headers never came. */
export function transferFailed(error: TransferError, place: Place, status: number | null): Failure {
  const slow = error.silentMs !== null;
  const stage = status === null ? "an answer" : "the rest of the file";
  const says = {
    code: slow ? "media.timeout" : "media.network",
    message: `Expected ${stage} from ${place.shown}, got ${slow ? error.message : `a failed connection (${error.message})`}.`,
    next: "Nothing to do yet: it is tried again; if that fails too, look at the host and replay.",
  };
  return failure("media_unavailable", says, evidenceOf(place, status, null));
}

export function spoolFailed(error: SpoolFailure, { response, place }: Answer): Failure {
  switch (error.kind) {
    case "refused":
      return refused(error.refusal, evidenceOf(place, response.status, error.head));
    case "length": {
      const says = {
        code: "media.length_mismatch",
        message: `Expected ${error.declaredBytes} bytes from ${place.shown}, as its Content-Length says, got ${error.bytes}.`,
        next: "Nothing to do yet: it is tried again; if that fails too, look at the host and replay.",
      };
      return failure("media_unavailable", says, evidenceOf(place, response.status, null));
    }
    case "storage":
      return storageFailed(error.cause, evidenceOf(place, response.status, null));
  }
}

export const storageFailed = (cause: unknown, evidence: Evidence | null): Failure =>
  failure(
    "media_unavailable",
    {
      code: "media.storage",
      message: `Expected R2 to take and give media, got: ${cause instanceof Error ? cause.message : String(cause)}.`,
      next: "Nothing to do yet: it is tried again; if it goes on, look at the bucket with `npx --no mintline doctor`.",
    },
    evidence,
  );

/** Nobody gets an answer from the host just now, so this job has not asked. `since`, `until`, `now` in epoch ms. */
export const hostDown = (host: string, way: { since: number; until: number }, now: number): Failure =>
  waitForHost(
    host,
    `${host} has given no usable answer since ${new Date(way.since).toISOString()}`,
    Math.max(1, Math.ceil((way.until - now) / 1000)),
    null,
  );

/** This job's own failure is one of many in a row: the host's trouble, not the row's. */
export const hostDownNow = (host: string, failed: Failure): Failure =>
  waitForHost(
    host,
    `${failed.message} ${host} answers nobody just now`,
    HOST_DOWN_FIRST_SECONDS,
    failed.evidence,
  );

/** Until somebody asks its gate: from then on one tries, and wakes the others. */
const HOST_DOWN_FIRST_SECONDS = 5;

const waitForHost = (host: string, what: string, seconds: number, evidence: Evidence | null): Failure => ({
  reason: "media_waiting",
  code: HOST_DOWN,
  message: `${what}; nothing is asked of it until it answers again.`,
  next: "Nothing to do: its jobs go on by themselves; if the host is gone for good, correct the URLs.",
  httpStatus: evidence?.status ?? null,
  retryAfterSeconds: seconds,
  evidence: evidence ?? { url: null, host, status: null, body: null, hop: null },
});

/** Another delivery fetches it for all rows that need it. */
export function beingFetched(url: string): Failure {
  const place = placeOf(url, 0);
  return {
    reason: "media_waiting",
    code: "media.being_fetched",
    message: `${place.shown} is being fetched for another row of the batch.`,
    next: "Nothing to do: the row goes on by itself once the file is there.",
    httpStatus: null,
    retryAfterSeconds: LIMITS.sharedSnoozeSeconds,
    evidence: evidenceOf(place, null, null),
  };
}
