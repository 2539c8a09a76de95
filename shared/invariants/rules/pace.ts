/** No call after a cancel has had its time, and never more of them than the ceiling allows. Pure. */
import { SECOND } from "../../limits.ts";
import type { CallFact } from "../facts.ts";
import { type Indexed, tokenKey } from "../index-facts.ts";
import { type Violation, violation } from "../violation.ts";

/** Contract §3: within so long no new call is started. */
const STOPS_WITHIN_MS = 5 * SECOND;

/** What is sent with the secret key. */
const SEQUENCE = new Set(["collections", "upload", "privateRead"]);

export function ignoredStops(index: Indexed): Violation[] {
  const stopped = index.store.batches.filter(({ state }) => state === "cancelled");
  if (stopped.length === 0) return [];
  return index.upstream.calls.flatMap(({ id, at, method, surface, collectionId, tokenId }) => {
    if (!SEQUENCE.has(surface) || tokenId === null) return [];
    const key = tokenKey(collectionId ?? 0, tokenId);
    const jobs = index.jobsOfToken.get(key) ?? [];
    const over = jobs.map(({ batchId }) => endOfCancelled(index, batchId));
    const late = at - Math.max(...over);
    if (jobs.length === 0 || late <= STOPS_WITHIN_MS) return [];
    const { batchId, line } = jobs[0] ?? { batchId: "", line: 0 };
    const message = `${method} (call ${id}) came ${(late / SECOND).toFixed(1)} s after the batch was cancelled`;
    return [violation("stop.ignored", { batchId, line, token: key }, message)];
  });
}

/** Epoch ms; never, where the batch may still call. */
function endOfCancelled({ batchOf }: Indexed, batchId: string): number {
  const batch = batchOf.get(batchId);
  return batch?.state === "cancelled" ? (batch.finishedAt ?? Infinity) : Infinity;
}

export function exceededRate({ upstream, callsPerSecond }: Indexed): Violation[] {
  if (callsPerSecond === undefined || callsPerSecond === null) return [];
  const { calls, from } = busiestSecond(upstream.calls.filter(({ surface }) => SEQUENCE.has(surface)));
  if (calls <= callsPerSecond) return [];
  const message = `expected at most ${callsPerSecond} calls in any second, found ${calls} from ${new Date(from).toISOString()} on`;
  return [violation("rate.exceeded", {}, message)];
}

/** The most calls that arrived within any 1,000 ms. */
export function busiestSecond(calls: readonly CallFact[]): { calls: number; from: number } {
  const times = calls.map(({ at }) => at).sort((a, b) => a - b);
  let most = { calls: 0, from: 0 };
  let first = 0;
  times.forEach((at, last) => {
    while (at - (times[first] ?? at) >= SECOND) first += 1;
    if (last - first + 1 > most.calls) most = { calls: last - first + 1, from: times[first] ?? at };
  });
  return most;
}
