/** Waiting with a limit: for headers, and for each next piece of a body. A transfer that moves goes on. */
import { openBody, type Pull } from "../../../shared/media/body.ts";
import { type Watch, watchCall } from "../../../shared/watch.ts";

/** No usable answer from the host: it was silent for `silentMs`, or (null) the connection failed. */
export class TransferError extends Error {
  readonly silentMs: number | null;
  constructor(message: string, silentMs: number | null, cause?: unknown) {
    super(message, { cause });
    this.silentMs = silentMs;
  }
}

type Timing = {
  readonly callTimeoutMs: number;
  /** Epoch ms at which even a transfer that moves ends. */
  readonly deadline: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
};

/** One try of one address, with its redirects. */
export type Transfer = {
  /** Aborts with the caller's, when time is up, and when this is over. */
  readonly signal: AbortSignal;
  /** @throws {TransferError} on time-out or failure; the caller's reason where that is why it failed. */
  within<T>(begin: () => Promise<T>): Promise<T>;
  /** Whatever was not read is not wanted: the connection must not go on carrying it. */
  end(): void;
};

/** @throws the reason of the caller's signal where it has stopped. */
export function startTransfer({ callTimeoutMs, deadline, now, signal }: Timing): Transfer {
  const transferMs = Math.max(1, deadline - now());
  const watch = watchCall({ stallMs: callTimeoutMs, transferMs, signal });
  return {
    signal: watch.signal,
    async within(begin) {
      if (now() >= deadline) throw new TransferError("the transfer took too long", 0);
      try {
        return await watch.wait(begin());
      } catch (cause) {
        signal.throwIfAborted();
        throw transferError(cause, watch, callTimeoutMs);
      }
    },
    end: watch.abandon,
  };
}

function transferError(cause: unknown, watch: Watch, callTimeoutMs: number): TransferError {
  const ranOut = watch.ranOut();
  if (ranOut === "stalled") return new TransferError(`no answer for ${callTimeoutMs} ms`, callTimeoutMs);
  if (ranOut === "too_long") return new TransferError("the transfer took too long", 0);
  return new TransferError(cause instanceof Error ? cause.message : String(cause), null, cause);
}

/** The body piece by piece, each within the time-out. */
export function pullFrom(body: ReadableStream<Uint8Array> | null, transfer: Transfer): Pull {
  const { pull } = openBody(body);
  return () => transfer.within(pull);
}
