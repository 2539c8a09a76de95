/** The statements of a job's life as one test after another says them, at a time that only the test moves. */
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { type JobKey, NO_OUTPUTS } from "../../shared/job/job.ts";
import { type ClaimedJob, claimJobs } from "../../shared/store/claim.ts";
import { openDb } from "../../shared/store/db.ts";
import { queueJobs } from "../../shared/store/dispatches.ts";
import { type Settle, type Settlement, settleJobs } from "../../shared/store/settle.ts";
import { counters } from "./rows.ts";

export const db = openDb(env.DB);
export const TARGET = "emulator#1";
/** Epoch ms. A test file has its own D1, so it may begin anywhere. */
export const clock = { now: 10_000_000 };

let serial = 0;
/** In order, so that a test that mixes by a seed mixes the same way each time. */
export const nextId = (): string => `id-${String(++serial).padStart(6, "0")}`;

export const queue = (batchId: string, limit = 100): Promise<JobKey[]> =>
  queueJobs(db, { batchId, dispatchId: nextId(), now: clock.now, limit });

export type Held = { leaseId: string; jobs: ClaimedJob[] };

export async function claim(keys: readonly JobKey[], leaseId: string = nextId()): Promise<Held> {
  const { now } = clock;
  const given = { keys, leaseId, target: TARGET, now, expiresAt: now + 60_000, toleranceMs: 1_000 };
  return { leaseId, jobs: await claimJobs(db, given) };
}

export const settlement = (key: JobKey, given: Partial<Settlement> = {}): Settlement => ({
  batchId: key.batchId,
  line: key.line,
  state: "completed",
  attempt: 1,
  step: "publish-token",
  outputs: { ...NO_OUTPUTS, token: "created", published: true },
  attempts: [],
  scheduledAt: null,
  outcome: "created",
  error: null,
  evidence: null,
  ...given,
});

/** Put back between two steps. */
export const released = (key: JobKey): Settlement =>
  settlement(key, { state: "pending", outcome: null, attempt: 0, outputs: NO_OUTPUTS });

export const dead = (key: JobKey): Settlement =>
  settlement(key, {
    state: "dead",
    outcome: null,
    error: {
      step: "upload-asset",
      code: "media.not_found",
      message: "404",
      next: "Mend it.",
      httpStatus: 404,
      retryable: false,
    },
    evidence: { url: "http://h/x.png", host: "h", status: 404, body: "no", hop: 0 },
  });

export const settle = (leaseId: string, settlements: Settlement[], given: Partial<Settle> = {}) =>
  settleJobs(db, {
    leaseId,
    now: clock.now,
    settlements,
    halts: [],
    waiting: new Map(),
    last: true,
    ...given,
  });

/** The counters, after the demand that they say what the jobs are. */
export async function agreed(batchId: string): Promise<Record<string, number>> {
  const { stored, counted } = await counters(db, batchId);
  expect(stored).toEqual(counted);
  return stored;
}
