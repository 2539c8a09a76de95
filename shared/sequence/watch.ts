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
};

/** Throws the signal's reason if the caller has already stopped. */
export function watchCall({ stallMs, transferMs, signal }: WatchOptions): Watch {
  signal?.throwIfAborted();
  const controller = new AbortController();
  let ranOut: "stalled" | "too_long" | null = null;
  let stall: ReturnType<typeof setTimeout> | null = null;

  const giveUp = (why: "stalled" | "too_long") => {
    ranOut = why;
    end();
    controller.abort(new DOMException(`call ${why}`, "TimeoutError"));
  };
  const stopped = () => controller.abort(signal?.reason);
  const end = () => {
    disarm();
    clearTimeout(total);
    signal?.removeEventListener("abort", stopped);
  };
  const total = setTimeout(() => giveUp("too_long"), transferMs);
  signal?.addEventListener("abort", stopped, { once: true });

  // The signal given to fetch is not enough: a fetch that ignores it would hold the job until its lease is gone.
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
  });
  aborted.catch(() => {});

  const disarm = () => {
    if (stall !== null) clearTimeout(stall);
    stall = null;
  };
  const arm = () => {
    disarm();
    stall = setTimeout(() => giveUp("stalled"), stallMs);
  };

  return {
    signal: controller.signal,
    async wait(work) {
      // Armed only while somebody waits: a slow reader downstream of us is no fault of Sequence.
      arm();
      try {
        return await Promise.race([work, aborted]);
      } finally {
        disarm();
      }
    },
    moved() {
      if (stall !== null) arm();
    },
    ranOut: () => ranOut,
    end,
  };
}
