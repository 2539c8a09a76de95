/** A dead job has its dead letter, a dead letter its dead job, and nobody dies of waiting. Pure. */
import { jobId } from "../../job/job.ts";
import type { DeadLetterFact } from "../facts.ts";
import type { Indexed } from "../index-facts.ts";
import { type Violation, violation } from "../violation.ts";
import { isInOutage, isWait } from "./waiting.ts";

/** A discarded letter keeps its job dead, and is no open one any more; an old one may have been pruned. */
export function unrecordedDead(index: Indexed): Violation[] {
  const { prunedBefore = 0 } = index;
  return index.store.jobs
    .filter(({ state }) => state === "dead")
    .flatMap((job) => {
      const letters = index.lettersOfJob.get(jobId(job)) ?? [];
      const open = letters.filter(({ state }) => state === "open").length;
      const isDiscarded = letters.reduce(newest, undefined)?.state === "discarded";
      const isPruned = letters.length === 0 && job.stateAt < prunedBefore;
      if (open === 1 || (open === 0 && isDiscarded) || isPruned) return [];
      const message = `the job is dead; expected one open dead letter, found ${open} of ${letters.length}`;
      return [violation("dead.unrecorded", { batchId: job.batchId, line: job.line }, message)];
    });
}

const newest = (last: DeadLetterFact | undefined, letter: DeadLetterFact): DeadLetterFact =>
  last && last.id > letter.id ? last : letter;

/** Open ones of jobs that are not dead; and discarded ones whose jobs went on, which nobody may do. */
export function strayLetters(index: Indexed): Violation[] {
  return [...strayOpen(index), ...strayDiscarded(index)];
}

function strayDiscarded(index: Indexed): Violation[] {
  return [...index.lettersOfJob].flatMap(([id, letters]) => {
    const last = letters.reduce(newest, undefined);
    const job = index.jobById.get(id);
    if (last?.state !== "discarded" || job === undefined || job.state === "dead") return [];
    const message = `dead letter ${last.id} (${last.code}) is discarded, and its job is ${job.state}`;
    return [violation("dead.stray", { batchId: last.batchId, line: last.line }, message)];
  });
}

function strayOpen(index: Indexed): Violation[] {
  return index.store.deadLetters
    .filter(({ state }) => state === "open")
    .flatMap((letter) => {
      const state = index.jobById.get(jobId(letter))?.state ?? "not there";
      if (state === "dead" || (letter.code === "platform.orphan" && state === "not there")) return [];
      const message = `dead letter ${letter.id} (${letter.code}) is open, and its job is ${state}`;
      return [violation("dead.stray", { batchId: letter.batchId, line: letter.line }, message)];
    });
}

export function throttledToDeath({ store, outages = [] }: Indexed): Violation[] {
  return store.deadLetters.flatMap((letter) => {
    const { batchId, line, id, code, httpStatus, createdAt } = letter;
    const why = isWait(letter)
      ? `${code} (HTTP ${httpStatus ?? "none"}) only asked to wait`
      : isInOutage(letter, createdAt, outages, 0)
        ? `${code} was met in an outage, which is waited for`
        : null;
    if (why === null) return [];
    return [violation("dead.by_throttle", { batchId, line }, `dead letter ${id}: ${why}`)];
  });
}
