/**
 * What must hold after every transaction, whoever did what in which order. Said of the store alone: none of this
 * asks the model, so a mistake that both share still shows.
 */
import type { JobState } from "../../../../shared/job/job.ts";
import { SECOND } from "../../../../shared/limits.ts";
import type { Seen } from "./look.ts";
import { batchOf, countIn, countsOf, differences, type Job, jobsOf, OPEN } from "./state.ts";

export type Moment = {
  readonly before: Seen;
  readonly after: Seen;
  readonly now: number;
  /** What a delivery believes to hold: jobs that it was given and has not settled, by its lease. */
  readonly believed: readonly { readonly lease: string; readonly job: string }[];
  /** The step is somebody's replay. */
  readonly isReplay: boolean;
  readonly maxAttempts: number;
};

/** By name: what is broken, in words. Nothing: it holds. */
export const PROMISES = {
  "the counters say what the jobs are": ({ after }) =>
    eachBatch(after, (name, books) => [
      ...differences(countsOf(after, name), books.counts, name),
      ...differences(outcomesOf(after, name), books.outcomes, name),
      ...differences(books.rows, sum(Object.values(books.counts)), `rows of ${name}`),
    ]),

  "a job moves only as design section 5 says, and leaves a final state only by replay": (moment) =>
    eachMove(moment, (key, was, is) => {
      const allowed: readonly JobState[] = MOVES[was.state];
      const isReplayed = moment.isReplay && was.state === "dead" && is.state === "pending";
      return was.state === is.state || allowed.includes(is.state) || isReplayed
        ? []
        : [`${key} went from ${was.state} to ${is.state}`];
    }),

  "a job runs exactly while it has a lease that names it": ({ after }) =>
    eachJob(after, (key, job) => {
      const isNamed = job.lease !== null && after.leases[job.lease]?.jobs.includes(key) === true;
      return (job.state === "running") === isNamed ? [] : [`${key} is ${job.state} under ${job.lease}`];
    }),

  "whoever holds a lease that has not run out keeps its jobs": ({ after, now, believed }) =>
    believed
      .filter(({ lease }) => (after.leases[lease]?.expiresAt ?? 0) > now)
      .filter(({ lease, job }) => after.jobs[job]?.lease !== lease)
      .map(({ lease, job }) => `${lease} believes to hold ${job}, which ${after.jobs[job]?.lease} has`),

  "no token is worked on by two jobs": ({ after }) => {
    const running = Object.entries(after.jobs).filter(
      ([, job]) => job.state === "running" && isOurs(after, job),
    );
    return [...Map.groupBy(running, ([, job]) => job.token)]
      .filter(([, jobs]) => jobs.length > 1)
      .map(([token, jobs]) => `token ${token} is worked on by ${jobs.map(([key]) => key).join(" and ")}`);
  },

  "the manifest names the job that works on a token": ({ after }) =>
    eachJob(after, (key, job) =>
      job.state === "running" && after.tokens[job.token]?.job !== key
        ? [`${key} runs, but token ${job.token} is ${after.tokens[job.token]?.job}'s`]
        : [],
    ),

  "claims grow by one when a job is taken, and never otherwise": (moment) =>
    eachMove(moment, (key, was, is) => {
      const isTaken = is.state === "running" && was.state !== "running";
      return is.claims === was.claims + (isTaken ? 1 : 0) ? [] : [`${key}: ${was.claims} → ${is.claims}`];
    }),

  "an attempt is spent by a verdict that costs one, and given back by replay alone": (moment) =>
    eachMove(moment, (key, was, is) => {
      const spent = is.attempt - was.attempt;
      const costs = was.state === "running" && COSTLY.includes(is.state);
      const isFair = spent === 0 || (spent === 1 && costs) || (moment.isReplay && is.attempt === 0);
      const isMissing = spent === 0 && costs && is.state !== "cancelled" && !wasRescued(was, is);
      return isFair && !isMissing
        ? []
        : [`${key}: ${was.attempt} → ${is.attempt} as ${was.state} → ${is.state}`];
    }),

  "attempts never exceed their number": ({ after, maxAttempts }) =>
    eachJob(after, (key, job) => (job.attempt > maxAttempts ? [`${key} has had ${job.attempt}`] : [])),

  "a batch is finished only when nothing is open, and then for as long as nothing is": ({ after }) =>
    eachBatch(after, (name) =>
      after.batches[name]?.state === "finished" && countIn(after, name) > 0 ? [`${name} has open jobs`] : [],
    ),

  "a batch's epoch never goes back, and moves on with every stop and start": ({ before, after }) =>
    eachBatch(after, (name) => {
      const [was, is] = [before.batches[name], after.batches[name]];
      if (!was || !is) return [];
      const ends = is.state === "finished" && was.state === "running";
      const least = was.state === is.state || ends ? was.epoch : was.epoch + 1;
      return is.epoch >= least ? [] : [`${name}: ${was.epoch} → ${is.epoch} as ${was.state} → ${is.state}`];
    }),

  "somebody keeps the promise of every open job": ({ after, now }) =>
    eachJob(after, (key, job) => (OPEN.includes(job.state) ? forgotten(after, key, job, now) : [])),

  "a trial has sent as many rows as it was given, less those put back": ({ after }) =>
    eachBatch(after, (name, { rows }) => {
      const batch = after.batches[name];
      if (!batch || batch.trialLeft === null || batch.state === "cancelled") return [];
      const sent = rows - countIn(after, name, ["pending"]);
      return batch.trialLeft >= 0 && sent + batch.trialLeft === batch.first
        ? []
        : [`${name}: ${sent} sent, ${batch.trialLeft} left, of ${batch.first}`];
    }),

  "each dead job has one open letter, and no other job has any": ({ after }) =>
    eachJob(after, (key, job) => {
      const open = after.letters.filter((letter) => letter.job === key && letter.state === "open").length;
      return open === (job.state === "dead" ? 1 : 0)
        ? []
        : [`${key} is ${job.state} with ${open} open letters`];
    }),
} as const satisfies Record<string, (moment: Moment) => string[]>;

/** What each state is left to, without replay. */
const MOVES: Readonly<Record<JobState, readonly JobState[]>> = {
  pending: ["queued", "cancelled"],
  queued: ["running", "pending", "cancelled"],
  running: ["pending", "retryable", "snoozed", "completed", "dead", "cancelled"],
  retryable: ["running", "queued", "pending", "cancelled"],
  snoozed: ["running", "queued", "pending", "cancelled"],
  completed: [],
  dead: [],
  cancelled: [],
};

/** What was running and is this has had its attempt, unless it was rescued. In a cancelled batch it may have. */
const COSTLY: readonly JobState[] = ["retryable", "completed", "dead", "cancelled"];
const wasRescued = (was: Job, is: Job): boolean => is.rescues > was.rescues;

/** Whose turn it is to move an open job on (design §5), and why nobody will. */
function forgotten(seen: Seen, key: string, job: Job, now: number): string[] {
  const books = seen.books[job.batch];
  const isBehind = books !== undefined && job.line < books.dispatchLine;
  if (batchOf(seen, job).state === "cancelled" && job.state !== "running") {
    return isBehind ? [`${key} is ${job.state}, but the sweep cancels from line ${books.dispatchLine}`] : [];
  }
  switch (job.state) {
    case "pending":
      return isBehind ? [`${key} is pending, but dispatch looks from line ${books.dispatchLine}`] : [];
    case "queued":
      return isNamed(seen, key) ? [] : [`${key} is queued, and no send names it`];
    case "running":
      return job.lease !== null && seen.leases[job.lease] ? [] : [`${key} runs under no lease`];
    default:
      return job.due !== null && job.due <= now + LONGEST_WAIT_MS ? [] : [`${key} waits until ${job.due}`];
  }
}

/** An hour by the verdict, and a tenth of it by chance. */
const LONGEST_WAIT_MS = 1.1 * 3_600 * SECOND;

const isNamed = (seen: Seen, key: string): boolean =>
  Object.entries(seen.sends).some(
    ([name, send]) => name.startsWith(`${seen.jobs[key]?.batch}/`) && send.jobs.includes(key),
  );

const isOurs = (seen: Seen, job: Job): boolean => batchOf(seen, job).ours;

const eachBatch = (seen: Seen, ask: (name: string, books: Seen["books"][string]) => string[]): string[] =>
  Object.entries(seen.books).flatMap(([name, books]) => ask(name, books));

const eachJob = (seen: Seen, ask: (key: string, job: Job) => string[]): string[] =>
  Object.entries(seen.jobs).flatMap(([key, job]) => ask(key, job));

const eachMove = ({ before, after }: Moment, ask: (key: string, was: Job, is: Job) => string[]): string[] =>
  eachJob(after, (key, is) => {
    const was = before.jobs[key];
    return was ? ask(key, was, is) : [`${key} came out of nowhere`];
  });

const outcomesOf = (seen: Seen, batch: string) => {
  const outcomes = { created: 0, updated: 0, unchanged: 0 };
  for (const [, { outcome }] of jobsOf(seen, batch)) if (outcome !== null) outcomes[outcome] += 1;
  return outcomes;
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
