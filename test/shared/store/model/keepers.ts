/** The model of what the sweep does, and of what puts jobs back without a run of theirs. */
import { LIMITS } from "../../../../shared/limits.ts";
import { endBatch, queuedBy } from "./moves.ts";
import { batchOf, countIn, type Job, jobsAt, jobsOf, move, OPEN, type State, WAITING } from "./state.ts";

export type Rescue = { readonly lease: string; readonly now: number; readonly startedAt: number };

/** Whatever a lost lease still holds is due at once; what has killed ten consumers is dead. */
export function rescue(state: State, { lease: id, now, startedAt }: Rescue): string[] {
  const lease = state.leases[id];
  if (lease === undefined || (lease.expiresAt > now && lease.takenAt >= startedAt)) return [];
  for (const [key, job] of jobsAt(state, lease.jobs)) {
    if (job.lease !== id) continue;
    job.rescues += 1;
    job.records += 1;
    if (job.rescues >= LIMITS.rescuesMax) {
      move(job, "dead", now);
      state.letters.push({ job: key, state: "open" });
    } else if (batchOf(state, job).state === "cancelled") move(job, "cancelled", now);
    else move(job, "retryable", now, now);
  }
  delete state.leases[id];
  return jobsAt(state, lease.jobs)
    .filter(([, job]) => job.state === "retryable" && job.due === now)
    .map(([key]) => key);
}

export type PutBack = {
  readonly keys: readonly string[];
  readonly now: number;
  readonly onlyStopped: boolean;
};

/** A message that came too late, or that the platform gave up on: its job is sent anew when its batch runs. */
export function putBack(state: State, { keys, now, onlyStopped }: PutBack): string[] {
  const put = jobsAt(state, keys).filter(([, job]) => {
    const batch = batchOf(state, job);
    const isOut = job.state === "queued" || WAITING.includes(job.state);
    const runs = batch.state === "running" && batch.ours;
    return isOut && batch.state !== "cancelled" && !(onlyStopped && runs);
  });
  for (const [, job] of put) {
    move(job, "pending", now);
    const batch = batchOf(state, job);
    if (batch.trialLeft !== null) batch.trialLeft += 1;
  }
  return put.map(([key]) => key);
}

export type Resend = {
  readonly batch: string;
  readonly id: string;
  readonly now: number;
  readonly before: number;
  readonly startedAt: number;
};

/** What an old send left `queued` is sent again; a send without such jobs is forgotten. */
export function resend(state: State, { batch, id, now, before, startedAt }: Resend): string[] {
  const send = state.sends[`${batch}/${id}`];
  if (send === undefined) return [];
  const queued = jobsAt(state, send.jobs).filter(([, job]) => job.state === "queued");
  for (const [, job] of queued) if (job.at <= before || job.at < startedAt) job.at = now;
  send.sentAt = now;
  if (queued.length === 0) delete state.sends[`${batch}/${id}`];
  return queued.filter(([, job]) => job.at === now).map(([key]) => key);
}

export type SendDue = {
  readonly id: string;
  readonly now: number;
  readonly startedAt: number;
  readonly delayedMessageMs: number;
  readonly lostMs: number;
  readonly limit: number;
};

/** What is due and has no message, the longest due first, as one send a batch. */
export function sendDue(state: State, given: SendDue): string[] {
  const { id, now } = given;
  const runs = (job: Job) => batchOf(state, job).ours && batchOf(state, job).state === "running";
  const due = Object.entries(state.jobs)
    .filter(([, job]) => runs(job) && hasNoMessage(job, given))
    .sort(([, a], [, b]) => (a.due ?? 0) - (b.due ?? 0) || sortKey(a).localeCompare(sortKey(b)))
    .slice(0, given.limit);
  for (const [batch, jobs] of Map.groupBy(due, ([, job]) => job.batch)) {
    if (state.sends[`${batch}/${id}`]) continue;
    for (const [, job] of jobs) move(job, "queued", now);
    state.sends[`${batch}/${id}`] = { jobs: jobs.map(([key]) => key).sort(), sentAt: now };
  }
  const running = Object.entries(state.batches).filter(
    ([, batch]) => batch.ours && batch.state === "running",
  );
  return running.flatMap(([batch]) => queuedBy(state, `${batch}/${id}`, now));
}

function hasNoMessage(job: Job, given: SendDue): boolean {
  if (!WAITING.includes(job.state) || job.due === null || job.due > given.now) return false;
  const wait = job.due - job.at;
  return wait > given.delayedMessageMs || job.due <= given.now - given.lostMs || job.at < given.startedAt;
}

const sortKey = (job: Job): string => `${job.batch}:${String(job.line).padStart(3, "0")}`;

/** The next open lines of a cancelled batch; what runs ends by its own settle. */
export function cancelPiece(
  state: State,
  { batch, now, limit }: { batch: string; now: number; limit: number },
): number {
  if (state.batches[batch]?.state !== "cancelled") return 0;
  const open = jobsOf(state, batch).filter(([, job]) => OPEN.includes(job.state) && job.state !== "running");
  const piece = open.slice(0, limit);
  for (const [, job] of piece) move(job, "cancelled", now);
  return piece.length;
}

/** Ends what nobody came to end: batches with nothing open, trials whose first rows are through. */
export function finishIdle(state: State, now: number): void {
  for (const [name, batch] of Object.entries(state.batches)) {
    if (batch.ours && countIn(state, name, ["queued", "running", ...WAITING]) === 0)
      endBatch(state, name, now);
  }
}
