/**
 * Following a batch or a replay to its end by asking. The server says how long to wait (`Retry-After`) and
 * whether anything changed (`ETag`), so a watcher costs almost nothing, and a restart of the server in between
 * costs the watcher only patience.
 */
import type { CallFailure } from "../shared/api/call.ts";
import type { Answer, Client } from "../shared/api/client.ts";
import type { Batch, Refresh, Replay } from "../shared/api/contract.ts";
import { RESTING_STATES } from "../shared/job/batch.ts";
import { SECOND } from "../shared/limits.ts";
import { ok } from "../shared/result.ts";

/** Where the server names no time. */
const ASK_EVERY_MS = 1 * SECOND;
/** `npm start` is back in seconds after a crash; a watcher that was once connected waits that long for it. */
const PATIENCE_MS = 60 * SECOND;

export type Clock = { readonly now: () => number; readonly sleep: (ms: number) => Promise<unknown> };

export const atRest = (batch: Batch): boolean => RESTING_STATES.includes(batch.state);

/** Ends with the batch once nothing moves it on without a person; `onReading` gets every change before that. */
export async function followBatch(
  client: Client,
  clock: Clock,
  id: string,
  on: { reading: (batch: Batch) => void; lost: (failure: CallFailure) => void },
): Answer<Batch> {
  let etag: string | null = null;
  let known: Batch | null = null;
  let heardAt = clock.now();
  for (;;) {
    const reading = await client.readBatch(id, etag);
    if (!reading.ok) {
      if (known === null || !mayPass(reading.error) || clock.now() - heardAt > PATIENCE_MS) return reading;
      on.lost(reading.error);
      await clock.sleep(ASK_EVERY_MS);
      continue;
    }
    heardAt = clock.now();
    etag = reading.value.etag;
    if (reading.value.batch) {
      known = reading.value.batch;
      on.reading(known);
    }
    if (known && atRest(known)) return ok(known);
    await clock.sleep((reading.value.retryAfterSeconds ?? 0) * SECOND || ASK_EVERY_MS);
  }
}

/** Ends with the replay once each of its jobs is completed or dead again, or rests in a batch that is stopped. */
export async function followReplay(
  client: Client,
  clock: Clock,
  id: string,
  on: { reading: (replay: Replay) => void; lost: (failure: CallFailure) => void },
): Answer<Replay> {
  let heardAt = clock.now();
  for (;;) {
    const reading = await client.replay(id);
    if (reading.ok) {
      heardAt = clock.now();
      on.reading(reading.value);
      const { state, selected, waiting, done, left, resting } = reading.value;
      if (state !== "running" && done + left >= selected) return reading;
      // All that is left waits for a person to resume its batch: nobody should wait here for that.
      if (resting > 0 && waiting === 0 && done + left + resting >= selected) return reading;
    } else {
      if (!mayPass(reading.error) || clock.now() - heardAt > PATIENCE_MS) return reading;
      on.lost(reading.error);
    }
    await clock.sleep(ASK_EVERY_MS);
  }
}

/** Ends with the refresh once Sequence has ended its last task, or a person must act. */
export async function followRefresh(
  client: Client,
  clock: Clock,
  id: string,
  onReading: (refresh: Refresh) => void,
): Answer<Refresh> {
  let heardAt = clock.now();
  for (;;) {
    const reading = await client.refresh(id);
    if (reading.ok) {
      heardAt = clock.now();
      onReading(reading.value);
      if (reading.value.state !== "running") return reading;
    } else if (!mayPass(reading.error) || clock.now() - heardAt > PATIENCE_MS) {
      return reading;
    }
    await clock.sleep(ASK_EVERY_MS);
  }
}

/** Worth asking again: nobody there, or a server that is in trouble itself. A refusal stays a refusal. */
const mayPass = (failure: CallFailure): boolean =>
  failure.reason !== "refused" || failure.status >= 500 || failure.status === 429;
