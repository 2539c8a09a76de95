/** The model of what deliveries do: dispatch, claim, renew, settle. Each says in plain steps what its statement promises. */
import type { BatchState } from "../../../../shared/job/batch.ts";
import type { JobOutcome, JobState } from "../../../../shared/job/job.ts";
import {
  type Batch,
  batchOf,
  countIn,
  countsOf,
  type Done,
  type Job,
  jobsAt,
  jobsOf,
  move,
  type State,
  WAITING,
} from "./state.ts";

export type Dispatch = {
  readonly batch: string;
  readonly id: string;
  readonly now: number;
  readonly limit: number;
};

/** The first pending lines of a running batch, as many as asked for and as a trial has left. One send is made once. */
export function dispatch(state: State, { batch: name, id, now, limit }: Dispatch): string[] {
  const batch = state.batches[name];
  const sent = state.sends[`${name}/${id}`];
  if (sent === undefined && batch?.state === "running") {
    const pending = jobsOf(state, name).filter(([, job]) => job.state === "pending");
    const chosen = pending.slice(0, Math.min(limit, batch.trialLeft ?? limit));
    for (const [, job] of chosen) move(job, "queued", now);
    if (batch.trialLeft !== null) batch.trialLeft -= chosen.length;
    const jobs = chosen.map(([key]) => key);
    if (jobs.length > 0) state.sends[`${name}/${id}`] = { jobs, sentAt: now };
  }
  return queuedBy(state, `${name}/${id}`, now);
}

/** What a send tells its maker, each time it is asked: the jobs that are out by it. */
export const queuedBy = (state: State, send: string, now: number): string[] =>
  jobsAt(state, state.sends[send]?.jobs ?? [])
    .filter(([, job]) => job.state === "queued" && job.at === now)
    .map(([key]) => key);

export type Claim = {
  readonly lease: string;
  readonly keys: readonly string[];
  readonly now: number;
  readonly expiresAt: number;
  readonly toleranceMs: number;
};

export type Claimed = {
  readonly job: string;
  readonly attempt: number;
  readonly epoch: number | null;
  readonly records: number;
  readonly done: Done;
  readonly firstTouch: boolean;
  readonly owned: boolean;
  readonly sent: boolean;
};

/** Whatever is queued or due in a running batch, unless its token is in work. Of two with one token the last has it. */
export function claim(state: State, { lease, keys, now, expiresAt, toleranceMs }: Claim): Claimed[] {
  state.leases[lease] ??= { jobs: keys, takenAt: now, expiresAt };
  const free = jobsAt(state, keys).filter(([, job]) => isClaimable(state, job, now + toleranceMs));
  for (const [key, job] of free) {
    const holder = state.tokens[job.token]?.job ?? key;
    if (holder !== key && job.done.asset === "uploaded") job.done.asset = "unsure";
  }
  for (const [key, job] of free) pointToken(state, key, job);
  for (const [key, job] of free) {
    if (state.tokens[job.token]?.job !== key) continue;
    move(job, "running", now);
    job.lease = lease;
    job.epoch = batchOf(state, job).epoch;
    job.claims += 1;
  }
  return jobsAt(state, keys)
    .filter(([, job]) => job.lease === lease)
    .map(([key, job]) => claimed(state, key, job));
}

function isClaimable(state: State, job: Job, dueBefore: number): boolean {
  const batch = batchOf(state, job);
  const isDue = WAITING.includes(job.state) && job.due !== null && job.due <= dueBefore;
  return batch.ours && batch.state === "running" && (job.state === "queued" || isDue);
}

/** The token goes over to this job, with the memory of what the one before may have done to it. */
function pointToken(state: State, key: string, job: Job): void {
  const token = state.tokens[job.token];
  if (token === undefined) {
    state.tokens[job.token] = { job: key, claims: 1, owned: false, sent: false };
    return;
  }
  const before = state.jobs[token.job];
  if (before === undefined || before.state === "running") return;
  token.owned ||= before.done.made;
  token.sent ||= before.done.sent || before.rescues > 0;
  token.job = key;
  token.claims += 1;
}

function claimed(state: State, key: string, job: Job): Claimed {
  const token = state.tokens[job.token];
  return {
    job: key,
    attempt: job.attempt,
    epoch: job.epoch,
    records: job.records,
    done: { ...job.done },
    firstTouch: token?.claims === 1,
    owned: token?.owned ?? false,
    sent: token?.sent ?? false,
  };
}

export type Settlement = {
  readonly job: string;
  readonly state: Extract<JobState, "pending" | "retryable" | "snoozed" | "completed" | "dead">;
  readonly attempt: number;
  readonly records: number;
  readonly due: number | null;
  readonly outcome: JobOutcome | null;
  readonly done: Done;
};

export type Settle = {
  readonly lease: string;
  readonly now: number;
  readonly settlements: readonly Settlement[];
  /** At most one a batch. */
  readonly halts: readonly { readonly batch: string; readonly epoch: number }[];
  readonly last: boolean;
};

export type SettledBatch = {
  readonly batch: string;
  readonly state: BatchState;
  readonly pending: number;
  readonly queued: number;
};

/** Counts for what the lease still holds, and for nothing else. A lease goes only once it holds nothing. */
export function settle(state: State, { lease, now, settlements, halts, last }: Settle): SettledBatch[] {
  for (const one of settlements) {
    const job = state.jobs[one.job];
    if (job?.lease === lease) record(state, job, one, now);
  }
  for (const { batch: name, epoch } of halts) {
    const batch = state.batches[name];
    if (batch?.state === "running" && batch.epoch === epoch) stop(batch, "halted");
  }
  const batches = [...new Set(settlements.map(({ job }) => job.slice(0, job.indexOf(":"))))];
  for (const batch of batches) endBatch(state, batch, now);
  const isHeld = jobsAt(state, state.leases[lease]?.jobs ?? []).some(([, job]) => job.lease === lease);
  if (last && !isHeld) delete state.leases[lease];
  return batches.flatMap((name) => {
    const { pending, queued } = countsOf(state, name);
    const batch = state.batches[name];
    return batch ? [{ batch: name, state: batch.state, pending, queued }] : [];
  });
}

function record(state: State, job: Job, one: Settlement, now: number): void {
  const batch = batchOf(state, job);
  const isFinal = one.state === "completed" || one.state === "dead";
  move(job, batch.state === "cancelled" && !isFinal ? "cancelled" : one.state, now);
  if (WAITING.includes(job.state)) job.due = one.due;
  const { attempt, records, done, outcome } = one;
  Object.assign(job, { attempt, records, done: { ...done }, outcome });
  if (job.state === "pending" && batch.trialLeft !== null) batch.trialLeft += 1;
  if (job.state === "dead") state.letters.push({ job: one.job, state: "open" });
}

export function stop(batch: Batch, to: BatchState): void {
  batch.state = to;
  batch.epoch += 1;
}

/** A running batch with nothing open is finished; a trial whose first rows are through rests. */
export function endBatch(state: State, name: string, now: number): void {
  const batch = state.batches[name];
  if (batch?.state !== "running") return;
  const open = countIn(state, name);
  if (open === 0) Object.assign(batch, { state: "finished", finishedAt: now });
  else if (batch.trialLeft === 0 && open === countIn(state, name, ["pending"])) stop(batch, "paused");
}

/** @returns what the holder learns of its batches, or null where its lease is over. */
export function renew(
  state: State,
  given: { lease: string; now: number; expiresAt: number; batches: readonly string[] },
): { batch: string; state: BatchState; epoch: number }[] | null {
  const lease = state.leases[given.lease];
  if (lease === undefined || lease.expiresAt <= given.now) return null;
  lease.expiresAt = given.expiresAt;
  return given.batches.flatMap((name) => {
    const batch = state.batches[name];
    return batch ? [{ batch: name, state: batch.state, epoch: batch.epoch }] : [];
  });
}
