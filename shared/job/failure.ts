/**
 * An expected failure of a step, with its evidence. Whoever meets it (Sequence client, media fetch, a step)
 * names the reason; only `verdict.ts` decides what the reason means for the job. No I/O. No clock.
 */

export type FailureReason =
  /** Sequence answered 429. */
  | "rate_limited"
  /** No answer that can be trusted: network, time-out, 408, 5xx, HTML, a body cut short or `null`. After a write the effect is unknown. */
  | "outcome_unknown"
  /** The same, while nobody gets an answer from Sequence: the host's trouble, not this call's. */
  | "upstream_down"
  /** `RequestConflict`, `WebrpcEndpoint` (0) or `QueryFailed`: on a create it may mean "exists already". */
  | "conflict"
  /** Sequence refused the data itself. */
  | "invalid"
  /** `NotFound` or `ProjectNotFound`: which of collection, token or asset is gone must still be looked up. */
  | "not_found"
  /** The account's fault, not the row's: a refused, read-only or expired key, a spent quota, a collection that is gone. */
  | "account"
  /** The token is upstream, this deployment did not make it, and `onExisting` is `fail`. */
  | "token_exists"
  /** The media can never be used: refused, missing, empty, oversize, unsafe or of an unknown type. */
  | "media_refused"
  /** The media host asked us to wait (429, 503). */
  | "media_waiting"
  /** The media host did not answer usably; it may next time. */
  | "media_unavailable"
  /** Something is missing that a lost run may have asked for: Sequence may still be making it. */
  | "too_early"
  /** Anything without a name here. */
  | "unnamed";

/** The last response behind a failure, fit to be shown: no secrets, body at most 4 kB. */
export type Evidence = {
  readonly url: string | null;
  readonly host: string | null;
  readonly status: number | null;
  readonly body: string | null;
  /** 0 for the URL as given, 1 for the first redirect, … */
  readonly hop: number | null;
};

export type Failure = {
  readonly reason: FailureReason;
  /** Stable, `area.reason`. */
  readonly code: string;
  /** Expected, got, where. */
  readonly message: string;
  /** One sentence that says what to do. */
  readonly next: string;
  readonly httpStatus: number | null;
  /** Seconds the other side asked us to wait. */
  readonly retryAfterSeconds: number | null;
  readonly evidence: Evidence | null;
};
