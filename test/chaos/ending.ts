/** How every run ends: the checker over all facts, and the rows as they were made up against what is there. */

import { checkInvariants } from "../../shared/invariants/check.ts";
import type { Facts } from "../../shared/invariants/facts.ts";
import { asSubmitted } from "./as-submitted.ts";
import type { MadeRow } from "./rows.ts";
import type { Figure, Shown } from "./run.ts";
import type { Stage } from "./stage.ts";

export type Ending = {
  readonly figures: (facts: Facts) => readonly Figure[];
  readonly notes?: (facts: Facts) => readonly string[];
  /** Rows that must be upstream as they were made up. */
  readonly published: readonly MadeRow[];
  /** What the checker should know beside D1 and the ledger. */
  readonly known?: Pick<Facts, "outages" | "callsPerSecond">;
};

export async function endOf(
  stage: Stage,
  { figures, notes = () => [], published, known = {} }: Ending,
): Promise<Shown> {
  const facts = { ...(await stage.facts()), ...known };
  return {
    figures: figures(facts),
    violations: checkInvariants(facts),
    failings: asSubmitted(published, facts.upstream, stage.collectionId),
    notes: notes(facts),
  };
}
