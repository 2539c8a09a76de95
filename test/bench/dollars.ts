/** From what was counted for some rows to what a million of them use. Pure. */
import type { BothCounts } from "./metered-stack.ts";
import type { Quantities } from "./prices.ts";

export type Counted = {
  readonly rows: number;
  /** Everything but the sweep, from submission to `finished`. */
  readonly work: BothCounts;
  /** One sweep. */
  readonly sweep: BothCounts;
  /** Of the whole runtime: local D1, R2 and queues are in it, which Cloudflare does not bill as CPU. */
  readonly cpuMs: number;
};

/** The committed ceiling (wrangler.toml) is 50 calls/s of four a job: what a million takes there. */
export const PRODUCTION = {
  callsPerSecond: 50,
  callsPerJob: 4,
  sweepEverySeconds: 60,
  objectGb: 0.128,
} as const;

const MILLION = 1_000_000;

export function quantitiesOfAMillion({ rows, work, sweep, cpuMs }: Counted): Quantities {
  const seconds = (MILLION * PRODUCTION.callsPerJob) / PRODUCTION.callsPerSecond;
  const sweeps = seconds / PRODUCTION.sweepEverySeconds;
  type Count = Exclude<keyof BothCounts["producer"], "statements">;
  const both = (counts: BothCounts, name: Count): number => counts.producer[name] + counts.consumer[name];
  const of = (name: Count): number => (both(work, name) / rows) * MILLION + both(sweep, name) * sweeps;
  return {
    // Each message is written, read as often as it is delivered, and deleted.
    queueOperations: of("messagesSent") * 2 + of("messagesDelivered"),
    d1RowsWritten: of("d1RowsWritten"),
    d1RowsRead: of("d1RowsRead"),
    r2ClassA: of("r2ClassA"),
    r2ClassB: of("r2ClassB"),
    requests: of("requests"),
    cpuMs: (cpuMs / rows) * MILLION,
    objectRequests: of("objectRequests"),
    // Two objects, Sequence's gate and the media host's, awake all the time.
    objectGbSeconds: 2 * seconds * PRODUCTION.objectGb,
    objectRowsWritten: of("objectRowsWritten"),
  };
}
