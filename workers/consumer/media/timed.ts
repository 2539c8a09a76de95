/** Waiting with a limit: for headers, and for each next piece of a body. A transfer that moves goes on. */
import { openBody, type Pull } from "../../../shared/media/body.ts";

/** No usable answer from the host: it was silent for `silentMs`, or (null) the connection failed. */
export class TransferError extends Error {
  readonly silentMs: number | null;
  constructor(message: string, silentMs: number | null, cause?: unknown) {
    super(message, { cause });
    this.silentMs = silentMs;
  }
}

/** @throws {TransferError} on time-out or failure; the signal's reason where that is why it failed. */
export async function within<T>(work: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TransferError(`no answer for ${ms} ms`, ms)), ms);
  const stop = (): void => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, ended]);
  } catch (cause) {
    if (signal.aborted || cause instanceof TransferError) throw cause;
    throw new TransferError(cause instanceof Error ? cause.message : String(cause), null, cause);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

type Timing = {
  readonly callTimeoutMs: number;
  /** Epoch ms at which even a transfer that moves ends. */
  readonly deadline: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
};

/** How long the next wait may be, in ms. @throws {TransferError} where the deadline has passed. */
export function timeLeft({ callTimeoutMs, deadline, now }: Omit<Timing, "signal">): number {
  const leftMs = deadline - now();
  if (leftMs <= 0) throw new TransferError("the transfer took too long", 0);
  return Math.min(callTimeoutMs, leftMs);
}

/** The body piece by piece, each within the time-out and all before the deadline. */
export function pullFrom(body: ReadableStream<Uint8Array> | null, timing: Timing): Pull {
  const { pull } = openBody(body);
  return async () => {
    const waitMs = timeLeft(timing);
    return await within(pull(), waitMs, timing.signal);
  };
}
