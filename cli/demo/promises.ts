/** The demo's last word: every promise about loss and doubles, checked against D1 and the service's own ledger. */
import { checkInvariants } from "../../shared/invariants/check.ts";
import { PROMISES, violationText } from "../../shared/invariants/violation.ts";
import { readLocalFacts } from "../stack/facts.ts";
import type { Running } from "../stack/stack.ts";
import type { Terminal } from "../terminal.ts";

/** The demo's stack takes the default of MAX_ATTEMPTS, whatever the person's environment says. */
const MAX_ATTEMPTS = 5;

/** Tells what was checked; what does not hold comes back, a sentence each. */
export async function checkPromises(
  terminal: Terminal,
  { state, target, emulatorUrl }: Running,
): Promise<string[]> {
  const facts = await readLocalFacts({
    stateRoot: state.root,
    target,
    emulatorUrl: emulatorUrl ?? "",
    maxAttempts: MAX_ATTEMPTS,
  });
  const violations = checkInvariants(facts);
  const { store, upstream } = facts;
  const holding = Object.keys(PROMISES).length - new Set(violations.map(({ name }) => name)).size;
  terminal.say(
    `${holding} of ${Object.keys(PROMISES).length} promises hold over ${store.jobs.length} jobs in D1 and ${upstream.calls.length} calls that the emulator received.`,
  );
  return violations.map(violationText);
}
