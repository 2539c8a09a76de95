/**
 * The store as design §5 sees it: what the model keeps in memory, and what a look into D1 is reduced to, so that the
 * one can be held against the other. Jobs go by `batch:line`. Times in epoch ms.
 */
import type { BatchState } from "../../../../shared/job/batch.ts";
import { JOB_STATES, type JobOutcome, type JobState } from "../../../../shared/job/job.ts";

export type Batch = {
  state: BatchState;
  epoch: number;
  trialLeft: number | null;
  finishedAt: number | null;
  /** It belongs to the target that everybody here works for. */
  readonly ours: boolean;
  /** Rows of the trial that `start` begins. */
  readonly first: number | null;
};

export type Job = {
  readonly batch: string;
  readonly line: number;
  readonly token: string;
  state: JobState;
  lease: string | null;
  epoch: number | null;
  at: number;
  due: number | null;
  attempt: number;
  claims: number;
  rescues: number;
  /** How many runs its record tells of. */
  records: number;
  outcome: JobOutcome | null;
  done: Done;
};

/** What its runs left behind. An asset is `unsure` once somebody else has had the token. */
export type Done = { made: boolean; sent: boolean; asset: "none" | "uploaded" | "unsure" };

export type Lease = { readonly jobs: readonly string[]; readonly takenAt: number; expiresAt: number };
export type Send = { readonly jobs: readonly string[]; sentAt: number };
/** The manifest's row of a token: the job that had it last, and what earlier ones may have done to it. */
export type Token = { job: string; claims: number; owned: boolean; sent: boolean };

export type State = {
  readonly batches: Record<string, Batch>;
  readonly jobs: Record<string, Job>;
  readonly leases: Record<string, Lease>;
  /** By `batch/id`. */
  readonly sends: Record<string, Send>;
  readonly tokens: Record<string, Token>;
  /** Dead letters, oldest first. */
  readonly letters: { readonly job: string; state: string }[];
  /** By the replay's id: what it put back to work. */
  readonly replays: Record<string, string[]>;
};

export const OPEN: readonly JobState[] = ["pending", "queued", "running", "retryable", "snoozed"];
export const WAITING: readonly JobState[] = ["retryable", "snoozed"];

export const jobsOf = (state: State, batch: string): [string, Job][] =>
  Object.entries(state.jobs).filter(([, job]) => job.batch === batch);

/** The jobs of these keys that are there, each once, in the order of the keys. */
export const jobsAt = (state: State, keys: readonly string[]): [string, Job][] =>
  [...new Set(keys)].flatMap((key): [string, Job][] => {
    const job = state.jobs[key];
    return job ? [[key, job]] : [];
  });

export const batchOf = (state: State, job: Job): Batch => {
  const batch = state.batches[job.batch];
  if (batch === undefined) throw new Error(`no batch ${job.batch}`);
  return batch;
};

export const countIn = (state: State, batch: string, states: readonly JobState[] = OPEN): number =>
  jobsOf(state, batch).filter(([, job]) => states.includes(job.state)).length;

/** The one `as` because `fromEntries` forgets its keys. */
export const countEach = (count: (state: JobState) => number): Record<JobState, number> =>
  Object.fromEntries(JOB_STATES.map((state) => [state, count(state)])) as Record<JobState, number>;

export const countsOf = (state: State, batch: string): Record<JobState, number> =>
  countEach((one) => countIn(state, batch, [one]));

/** A job's own move: whoever does not say when it is due, and who holds it, means nobody and never. */
export function move(job: Job, to: JobState, at: number, due: number | null = null): void {
  Object.assign(job, { state: to, at, due, lease: null });
}

/** Where two states differ, path by path, in words for a person. */
export function differences(expected: unknown, got: unknown, path = ""): string[] {
  if (isObject(expected) && isObject(got)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(got)]);
    return [...keys].flatMap((key) =>
      differences(expected[key], got[key], path === "" ? key : `${path}.${key}`),
    );
  }
  return Object.is(expected, got)
    ? []
    : [`${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
