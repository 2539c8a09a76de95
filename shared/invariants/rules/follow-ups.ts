/** A publish or unpublish is about rows that still hold their tokens: it never writes over a later batch's. Pure. */
import { jobId } from "../../job/job.ts";
import type { JobFact } from "../facts.ts";
import type { Indexed } from "../index-facts.ts";
import { type Violation, violation } from "../violation.ts";

export function overwritingFlips(index: Indexed): Violation[] {
  return [...index.writersOfToken].flatMap(([key, jobs]) =>
    jobs
      .filter((job) => hasFlipped(index, job))
      .flatMap((flip) => {
        const later = jobs.find((other) => hadWrittenBefore(index, other, flip));
        if (later === undefined) return [];
        const message = `expected it to be left to ${jobId(later)}, which had written it before, found it written again`;
        return [violation("flip.overwrote", { batchId: flip.batchId, line: flip.line, token: key }, message)];
      }),
  );
}

const hasFlipped = ({ batchOf }: Indexed, { batchId, state, outcome }: JobFact): boolean =>
  batchOf.get(batchId)?.kind !== "submit" && state === "completed" && outcome === "updated";

/** A job of a batch that came after the flip's source, taken and through before the flip's last run began. */
function hadWrittenBefore({ batchOf }: Indexed, other: JobFact, flip: JobFact): boolean {
  const sourceId = batchOf.get(flip.batchId)?.sourceId ?? flip.batchId;
  const begun = flip.attempts.at(-1)?.startedAt ?? 0;
  const isSubmission = batchOf.get(other.batchId)?.kind === "submit";
  return (
    isSubmission &&
    other.claims > 0 &&
    other.batchId > sourceId &&
    other.state === "completed" &&
    other.stateAt < begun
  );
}
