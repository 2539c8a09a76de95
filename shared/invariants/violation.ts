/** A promise that does not hold, by name and with its evidence. */

/** Every promise the checker knows, and what breaks it. */
export const PROMISES = {
  "token.doubled": "a token was created while it was there",
  "token.bare": "a token is, or once was, public without its media",
  "token.unasked": "a public token that no row names",
  "asset.doubled": "a second asset for one token and field",
  "key.foreign_touched": "a token that somebody else made was written to, although onExisting says not to",
  "job.differs": "a completed job whose token is not what its row says",
  "flip.overwrote": "a publish or unpublish wrote an older row over that of a later batch",
  "job.lost": "a row without a job, or a job that is open although its batch is over",
  "counts.drift": "a batch's counters are not what its jobs are",
  "dead.unrecorded": "a dead job without exactly one open dead letter",
  "dead.stray": "an open dead letter of a job that is not dead",
  "dead.by_throttle": "a dead letter whose cause was only waiting",
  "attempt.burnt":
    "an attempt that was counted although nothing was tried, or more of them than there may be",
  "manifest.wrong": "the manifest does not point to the last job that was taken for a token",
  "lease.left": "a lease over jobs of a batch that is over",
  "lease.missing": "a running job that nobody holds",
  "stop.ignored": "a call for a batch that was cancelled more than 5 s before",
  "rate.exceeded": "more calls within a second than MAX_CALLS_PER_SECOND",
} as const;
export type PromiseName = keyof typeof PROMISES;

export type Violation = {
  readonly name: PromiseName;
  /** Where it was found, as far as it can be said: a batch, a line of it, a token `collection/id`. */
  readonly batchId: string | null;
  readonly line: number | null;
  readonly token: string | null;
  /** One sentence: expected, found. */
  readonly message: string;
};

export type Place = { readonly batchId?: string; readonly line?: number; readonly token?: string };

export const violation = (name: PromiseName, place: Place, message: string): Violation => ({
  name,
  batchId: place.batchId ?? null,
  line: place.line ?? null,
  token: place.token ?? null,
  message,
});

/** For people: `token.doubled: batch bat_1 line 3, token 900/7: …`. */
export function violationText({ name, batchId, line, token, message }: Violation): string {
  const where = [
    batchId === null ? null : `batch ${batchId}${line === null ? "" : ` line ${line}`}`,
    token === null ? null : `token ${token}`,
  ].filter((one) => one !== null);
  return `${name}: ${[where.join(", "), message].filter((one) => one !== "").join(": ")}`;
}
