/** A batch's counters say what its jobs are. Pure. */
import { JOB_STATES } from "../../job/job.ts";
import type { Indexed } from "../index-facts.ts";
import { type Violation, violation } from "../violation.ts";
import { hasBegun } from "./jobs.ts";

const OUTCOMES = ["created", "updated", "unchanged"] as const;

export function driftedCounts(index: Indexed): Violation[] {
  return index.store.batches.filter(hasBegun).flatMap(({ id, counts, outcomes }) => {
    const jobs = index.jobsOfBatch.get(id) ?? [];
    const pairs = [
      ...JOB_STATES.map((state) => [state, counts[state], jobs.filter((job) => job.state === state).length]),
      ...OUTCOMES.map((one) => [one, outcomes[one], jobs.filter(({ outcome }) => outcome === one).length]),
    ] as const;
    return pairs
      .filter(([, counted, found]) => counted !== found)
      .map(([name, counted, found]) =>
        violation(
          "counts.drift",
          { batchId: id },
          `the batch counts ${counted} ${name}, its jobs are ${found}`,
        ),
      );
  });
}
