/**
 * rate-window.ts: the sliding window of the shared quota middleware: calls of the current window plus the
 * share of the previous one that the window still covers. Refused calls are not counted.
 */

export interface Verdict {
  allowed: boolean;
  remaining: number;
  /** Unix seconds at which the current window ends. */
  resetSeconds: number;
}

export class RateWindow {
  #startMs = 0;
  #previous = 0;
  #current = 0;

  /** Takes one call at `nowMs` if the limit of so many a window allows it. The limit may change any time. */
  take(limit: number, windowMs: number, nowMs: number): Verdict {
    this.#move(windowMs, nowMs);
    const covered = 1 - (nowMs - this.#startMs) / windowMs;
    const used = Math.floor(this.#previous * covered) + this.#current;
    const allowed = used + 1 <= limit;
    if (allowed) this.#current += 1;
    const remaining = Math.max(0, limit - used - (allowed ? 1 : 0));
    return { allowed, remaining, resetSeconds: Math.ceil((this.#startMs + windowMs) / 1000) };
  }

  #move(windowMs: number, nowMs: number): void {
    const startMs = Math.floor(nowMs / windowMs) * windowMs;
    if (startMs === this.#startMs) return;
    this.#previous = startMs === this.#startMs + windowMs ? this.#current : 0;
    this.#current = 0;
    this.#startMs = startMs;
  }
}
