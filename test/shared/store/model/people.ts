/** The model of what people do: pause, resume, cancel, start, replay. */
import type { BatchState } from "../../../../shared/job/batch.ts";
import type { BatchVerb } from "../../../../shared/store/batch-control.ts";
import { stop } from "./moves.ts";
import { type Batch, batchOf, countIn, move, type State } from "./state.ts";

/** @returns the state it is in now, or null where the verb does not apply. */
export function order(state: State, verb: BatchVerb, name: string, now: number): BatchState | null {
  const batch = state.batches[name];
  if (!batch?.ours || !APPLIES[verb].includes(batch.state)) return null;
  if (verb === "pause") stop(batch, "paused");
  if (verb === "cancel") stop(batch, "cancelled");
  if (verb === "cancel") batch.finishedAt = now;
  if (verb === "start") batch.trialLeft = batch.first;
  if (verb === "resume") endTrial(state, name, batch);
  if (verb === "start" || verb === "resume") run(state, name, batch, now);
  return batch.state;
}

const APPLIES: Readonly<Record<BatchVerb, readonly BatchState[]>> = {
  pause: ["running"],
  resume: ["paused", "halted"],
  cancel: ["planned", "running", "paused", "halted"],
  start: ["planned"],
};

/** Whoever resumes has seen a trial's first rows, if they are through. */
function endTrial(state: State, name: string, batch: Batch): void {
  if (batch.trialLeft === 0 && countIn(state, name) === countIn(state, name, ["pending"]))
    batch.trialLeft = null;
}

function run(state: State, name: string, batch: Batch, now: number): void {
  const isDone = countIn(state, name) === 0;
  stop(batch, isDone ? "finished" : "running");
  batch.finishedAt = isDone ? now : null;
}

export type Replay = {
  readonly id: string;
  readonly batch: string | null;
  /** How many letters there were when the selection was made. */
  readonly newest: number;
  readonly now: number;
};

/**
 * The open letters that were there at the call; a finished batch runs again, a cancelled one stays as it is.
 * @returns how many jobs it has put back, by all its pieces and repetitions.
 */
export function replay(state: State, { id, batch: only, newest, now }: Replay): number {
  const chosen = state.letters.slice(0, newest).filter((letter) => {
    const job = state.jobs[letter.job];
    if (letter.state !== "open" || job?.state !== "dead") return false;
    const batch = batchOf(state, job);
    return batch.ours && batch.state !== "cancelled" && (only === null || job.batch === only);
  });
  for (const letter of chosen) {
    letter.state = "replayed";
    const job = state.jobs[letter.job];
    if (job) Object.assign(job, { attempt: 0, rescues: 0 });
    if (job) move(job, "pending", now);
  }
  const batches = new Set(chosen.map(({ job }) => job.slice(0, job.indexOf(":"))));
  for (const name of batches) putToWork(state, name, chosen);
  const selected = [...(state.replays[id] ?? []), ...chosen.map(({ job }) => job)].sort();
  if (selected.length > 0) state.replays[id] = selected;
  return selected.length;
}

function putToWork(state: State, name: string, chosen: readonly { job: string }[]): void {
  const batch = state.batches[name];
  if (batch === undefined) return;
  if (batch.state === "finished") {
    stop(batch, "running");
    Object.assign(batch, { trialLeft: null, finishedAt: null });
  } else if (batch.trialLeft !== null) {
    batch.trialLeft += chosen.filter(({ job }) => job.startsWith(`${name}:`)).length;
  }
}
