/** What one job uses of what Cloudflare bills. `counted` names the test or the design's figure behind each. */
import { QUEUE_OPERATIONS_PER_MESSAGE } from "../../shared/plans.ts";
import type { PriceName } from "./prices.ts";

export type Use = {
  readonly of: PriceName;
  readonly perJob: number;
  readonly counted: string;
};

/** Jobs of a full delivery; the Free profile has one. */
const JOBS_PER_DELIVERY = 10;
const MEDIA_MB = 0.5;

export const USES: readonly Use[] = [
  {
    of: "queueOperations",
    perJob: QUEUE_OPERATIONS_PER_MESSAGE,
    counted: "a message is written, read and deleted once",
  },
  {
    of: "d1RowsWritten",
    perJob: 5.45,
    counted: "insert, dispatch, claim, settle, manifest; counters and lease 0.45",
  },
  {
    of: "d1RowsRead",
    perJob: 10,
    counted: "an estimate: rows are found by their keys, twice as many as are written",
  },
  {
    of: "requests",
    perJob: 1 / JOBS_PER_DELIVERY + 0.01,
    counted: "a delivery of ten jobs, intake, the sweep",
  },
  {
    of: "cpuMs",
    perJob: 2,
    counted: "five calls at 0.36 ms each, locally, and the row's own parsing",
  },
  {
    of: "objectRequests",
    perJob: 1 / JOBS_PER_DELIVERY,
    counted: "the gate is asked once a delivery",
  },
  {
    of: "objectGbSeconds",
    perJob: (4 / 50) * 0.128,
    counted: "one gate of 128 MB, awake for 4 calls a job at 50 a second",
  },
  {
    of: "r2ClassA",
    perJob: 1,
    counted: "each file is put once; media by URL below 1 MB is never put",
  },
  {
    of: "r2ClassB",
    perJob: 1,
    counted: "each file is read once; media by URL below 1 MB is never read",
  },
  {
    of: "r2MegabyteMonths",
    perJob: MEDIA_MB,
    counted: `${MEDIA_MB} MB a file; media by URL is not kept`,
  },
];

/** Not billed by anybody here, but people ask. */
export const UNBILLED = {
  sequenceCallsPerJob: 4,
  /** One Worker call to D1 may hold many statements; calls are not billed, rows are. */
  d1CallsPerJob: 0.21,
} as const;
