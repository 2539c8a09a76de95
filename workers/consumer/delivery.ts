/**
 * One delivery's right to work: its lease, kept alive; the reasons to stop; the pace of its calls. Every call
 * to anybody asks here first.
 */
import type { BatchState } from "../../shared/job/batch.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { ClaimedBatch, ClaimedJob } from "../../shared/store/claim.ts";
import { renewLease } from "../../shared/store/leases.ts";
import type { ConsumerContext } from "./context.ts";
import { createMediaGates, type MediaGates } from "./gate/media-gates.ts";
import type { Pass } from "./gate/pass.ts";
import { createDeliveryMedia, type DeliveryMedia } from "./media/in-delivery.ts";
import { Stopped } from "./stopped.ts";

export type Delivery = {
  readonly leaseId: string;
  readonly startedAt: number;
  /** Aborts when the lease is lost: D1 is guarded by the fence, Sequence by this. */
  readonly signal: AbortSignal;
  /** @throws Stopped when no further call may be started for this batch. */
  ask(batch: ClaimedBatch, jobStartedAt: number): void;
  /** Through the gate of Sequence. */
  readonly pass: Pass;
  /** Through those of the media hosts, each asked when it is first needed. */
  readonly mediaGates: MediaGates;
  readonly media: DeliveryMedia;
  /** From now on nothing of this batch is started: it was just halted here. */
  stopBatch(batchId: string): void;
  end(): void;
};

export const leaseMs = (callTimeoutMs: number): number => Math.max(LIMITS.leaseFloorMs, 2 * callTimeoutMs);

export function startDelivery(
  ctx: ConsumerContext,
  lease: { id: string; expiresAt: number; takenAt: number },
  jobs: readonly ClaimedJob[],
  pass: Pass,
): Delivery {
  const abort = new AbortController();
  const states = new Map<string, { state: BatchState; runEpoch: number }>();
  const batchIds = [...new Set(jobs.map(({ batchId }) => batchId))];
  let expiresAt = lease.expiresAt;

  const renew = async (): Promise<void> => {
    const until = ctx.now() + leaseMs(ctx.config.callTimeoutMs);
    const pulses = await renewLease(ctx.db, { id: lease.id, now: ctx.now(), expiresAt: until, batchIds });
    if (pulses === null) return abort.abort(new Stopped("lease lost"));
    expiresAt = until;
    for (const pulse of pulses) states.set(pulse.id, pulse);
  };
  const timer = setInterval(() => {
    renew().catch((error: unknown) => ctx.log.warn("lease.renew_failed", { error: String(error) }));
  }, LIMITS.renewEveryMs);

  return {
    leaseId: lease.id,
    startedAt: lease.takenAt,
    signal: abort.signal,
    ask(batch, jobStartedAt) {
      const why = reasonToStop({
        now: ctx.now(),
        expiresAt,
        needMs: ctx.config.callTimeoutMs + LIMITS.leaseMarginMs,
        jobStartedAt,
        batch: states.get(batch.id) ?? { state: "running", runEpoch: batch.runEpoch },
        runEpoch: batch.runEpoch,
        lost: abort.signal.aborted,
        down: pass.isDown(),
      });
      if (why !== null) throw new Stopped(why);
    },
    pass,
    mediaGates: createMediaGates(ctx),
    media: createDeliveryMedia(),
    stopBatch(batchId) {
      states.set(batchId, { state: "halted", runEpoch: -1 });
    },
    end() {
      clearInterval(timer);
    },
  };
}

/** Why no further call may be started, or null. Pure. */
export function reasonToStop(given: {
  now: number;
  expiresAt: number;
  needMs: number;
  jobStartedAt: number;
  batch: { state: BatchState; runEpoch: number };
  runEpoch: number;
  lost: boolean;
  down: boolean;
}): string | null {
  if (given.lost) return "lease lost";
  if (given.down) return "upstream down";
  if (given.batch.state !== "running") return `batch ${given.batch.state}`;
  if (given.batch.runEpoch !== given.runEpoch) return "batch started anew";
  if (given.expiresAt - given.now < given.needMs) return "too little lease left";
  if (given.now - given.jobStartedAt > LIMITS.jobMs) return "job too long";
  return null;
}
