/**
 * The promises of "nothing lost, nothing doubled" as code: facts in, violations by name out; none means that all
 * of them hold. Meant for when nothing moves any more: in the midst of work a lease may be a moment older than
 * its batch's end. Tests, `npm run chaos` and the demo end with it. Pure.
 */
import type { Facts } from "./facts.ts";
import { indexFacts } from "./index-facts.ts";
import { burntAttempts } from "./rules/attempts.ts";
import { driftedCounts } from "./rules/counts.ts";
import { strayLetters, throttledToDeath, unrecordedDead } from "./rules/dead-letters.ts";
import { overwritingFlips } from "./rules/follow-ups.ts";
import { wrongLeases, wrongManifest } from "./rules/holdings.ts";
import { differingJobs, lostJobs } from "./rules/jobs.ts";
import { exceededRate, ignoredStops } from "./rules/pace.ts";
import { bareTokens, doubledAssets, doubledTokens, touchedTokens, unaskedTokens } from "./rules/tokens.ts";
import type { Violation } from "./violation.ts";

const RULES = [
  doubledTokens,
  doubledAssets,
  bareTokens,
  unaskedTokens,
  touchedTokens,
  differingJobs,
  overwritingFlips,
  lostJobs,
  driftedCounts,
  unrecordedDead,
  strayLetters,
  throttledToDeath,
  burntAttempts,
  wrongManifest,
  wrongLeases,
  ignoredStops,
  exceededRate,
] as const;

export function checkInvariants(facts: Facts): Violation[] {
  const index = indexFacts(facts);
  return RULES.flatMap((rule) => rule(index));
}
