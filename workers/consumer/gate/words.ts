/**
 * What a delivery and an upstream's gate say to each other. Plain data: it travels between isolates.
 * Times in epoch ms, rates in calls a second.
 */

/**
 * Calls may go out, the n-th not before `from + n × everyMs` and not later than `lateMs` after that; a turn
 * that was missed by more is lost. `from` may lie a little in the past: those turns are due at once.
 * `calls` may be fewer than were asked for. Who has used them up or missed them asks for `more`, which come on
 * top. A turn is void, even while somebody waits for it, once its holder met a refusal on turns of its era or was
 * given turns of a newer one; after a refusal `more` is asked for at once.
 */
export type Turns = {
  readonly from: number;
  /** 0: as fast as they come; no turn is ever late then. */
  readonly everyMs: number;
  readonly calls: number;
  readonly lateMs: number;
  /** Counts the gate's decreases: what was met on turns of an older era has been answered already. */
  readonly era: number;
};

/** What the host's own headers said last of its limit (`Credits-Rate-*`); `resetAt` in epoch ms. */
export type Quota = { readonly limit: number; readonly remaining: number; readonly resetAt: number };

/** What somebody met at the host since it last said so. A refusal (429) proves that the host is there. */
export type Report = {
  /** Of the newest turns on which a call was refused; where none was, of the newest that were used. */
  readonly era: number;
  /** Answered, or given up. What is still under way belongs to the next report. */
  readonly calls: number;
  /** Of them, those that had to wait for their turn: only then was the rate what held them back. */
  readonly waited: number;
  /** Answered with 429. */
  readonly refused: number;
  /** Without a usable answer: network, time-out, 5xx, a proxy's page. */
  readonly failed: number;
  /** How many of the last calls in a row were `failed`; `calls` where none was anything else. */
  readonly failedInARow: number;
  /** When the first and the last of them went out. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** Longest `Retry-After` among the refusals. */
  readonly retryAfterSeconds: number | null;
  readonly quota: Quota | null;
};

export type Ask = {
  /** Calls that the delivery expects to make; the turns that it still holds count towards them. */
  readonly calls: number;
  /** `MAX_CALLS_PER_SECOND`; never exceeded, whatever the gate has found out. */
  readonly ceiling: number | null;
  readonly report: Report | null;
};

export type ShutReason = "rate_limited" | "down";

export type Answer =
  /** Go on, at this pace. `failedInARow`: what the gate has counted so far, over everybody's reports. */
  | { readonly kind: "open"; readonly turns: Turns; readonly failedInARow: number }
  /** One job may try whether the host is back; everything else stays down. */
  | {
      readonly kind: "probe";
      readonly turns: Turns;
      readonly reason: ShutReason;
      readonly since: number;
    }
  /**
   * Nothing may be started before `until`. `herald`: of all who were sent away, this one must see to it that
   * somebody asks again then.
   */
  | {
      readonly kind: "shut";
      readonly reason: ShutReason;
      /** When the host was first found shut, however many probes have failed since. */
      readonly since: number;
      readonly until: number;
      readonly herald: boolean;
    };
