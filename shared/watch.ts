/**
 * How long one call may take: it is given up when nothing moves for `stallMs`, or after `transferMs` however
 * much moves, or when the caller stops it. The three must stay apart: the first two leave an unknown outcome,
 * the third is our own stop.
 */

export type WatchOptions = {
  readonly stallMs: number;
  readonly transferMs: number;
  /** The caller's. */
  readonly signal?: AbortSignal | undefined;
};

export type Watch = {
  /** Aborts with the caller's signal or when time is up: for `fetch` and for pumps. */
  readonly signal: AbortSignal;
  /** Awaits `work`, at most `stallMs` from the last movement; rejects as soon as the call is given up. */
  wait<T>(work: Promise<T>): Promise<T>;
  /** Bytes went one way or the other. */
  moved(): void;
  /** Which of our own limits ended the call; null if none did. */
  ranOut(): "stalled" | "too_long" | null;
  /** Must be called once the call is over; idempotent. */
  end(): void;
  /** The same, and nothing more of it is wanted: lets go of its connection. */
  abandon(): void;
};

/**
 * One timer a call, not one a wait: there are several waits in a call and many calls at once, and setting and
 * clearing timers for each costs more than reading its answer. It fires in time for the earliest limit there can be,
 * looks, and is set again for what is left. By the platform's clock and none that is handed in, as its timers are.
 * Throws the signal's reason if the caller has already stopped.
 */
export function watchCall({ stallMs, transferMs, signal }: WatchOptions): Watch {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const totalAt = Date.now() + transferMs;
  let ranOut: "stalled" | "too_long" | null = null;
  /** Null while nobody waits: a slow reader downstream of us is no fault of Sequence. */
  let stallAt: number | null = null;

  const giveUp = (why: "stalled" | "too_long") => {
    ranOut = why;
    end();
    controller.abort(new DOMException(`call ${why}`, "TimeoutError"));
  };
  const stopped = () => controller.abort(signal?.reason);
  const end = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stopped);
  };
  const look = () => {
    const now = Date.now();
    if (now >= totalAt) return giveUp("too_long");
    if (stallAt !== null && now >= stallAt) return giveUp("stalled");
    // Whoever begins to wait after this does so for the whole of `stallMs`, so its limit lies behind this look.
    timer = setTimeout(look, Math.min(totalAt, stallAt ?? now + stallMs) - now);
  };
  let timer = setTimeout(look, Math.min(stallMs, transferMs));
  signal?.addEventListener("abort", stopped, { once: true });

  // The signal given to fetch is not enough: a fetch that ignores it would hold the job until its lease is gone.
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
  });
  aborted.catch(() => {});

  return {
    signal: controller.signal,
    async wait(work) {
      stallAt = Date.now() + stallMs;
      try {
        return await Promise.race([work, aborted]);
      } finally {
        stallAt = null;
      }
    },
    moved() {
      if (stallAt !== null) stallAt = Date.now() + stallMs;
    },
    ranOut: () => ranOut,
    end,
    abandon() {
      end();
      controller.abort();
    },
  };
}
