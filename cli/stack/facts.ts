/** The facts of a local stack for the checker: D1 from its file, the other side from the emulator's own account. */
import { setTimeout as wait } from "node:timers/promises";
import type { Facts, StoreFacts, UpstreamFacts } from "../../shared/invariants/facts.ts";
import { STORE_QUERIES, toStoreFacts } from "../../shared/invariants/store-facts.ts";
import { readUpstreamFacts } from "../../shared/invariants/upstream-facts.ts";
import { factsQuietWithinMs, readyPollMs } from "./limits.ts";
import { readTogether } from "./local-d1.ts";

export type LocalFacts = {
  readonly stateRoot: string;
  readonly target: string;
  readonly emulatorUrl: string;
  readonly maxAttempts: number;
};

/**
 * Waits a moment for deliveries to give back their leases, which they do just after their last outcome.
 * @throws if D1 or the emulator cannot be read
 */
export async function readLocalFacts(given: LocalFacts): Promise<Facts> {
  const giveUpAt = performance.now() + factsQuietWithinMs;
  let store = readLocalStore(given.stateRoot, given.target);
  while (store.leases.length > 0 && performance.now() < giveUpAt) {
    await wait(readyPollMs);
    store = readLocalStore(given.stateRoot, given.target);
  }
  return { store, upstream: await readEmulator(given.emulatorUrl), maxAttempts: given.maxAttempts };
}

export function readLocalStore(stateRoot: string, target: string): StoreFacts {
  const answers = readTogether(stateRoot, STORE_QUERIES, target);
  if (answers === null) throw new Error(`Expected the local D1 under ${stateRoot}, found none.`);
  return toStoreFacts(answers);
}

export const readEmulator = (url: string): Promise<UpstreamFacts> =>
  readUpstreamFacts(async (path) => {
    const answer = await fetch(new URL(path, url));
    if (!answer.ok) throw new Error(`Expected ${path} of ${url} to answer, got HTTP ${answer.status}.`);
    return answer.json();
  });
