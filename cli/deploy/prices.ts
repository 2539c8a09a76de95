/**
 * Cloudflare's prices in US dollars, and what Mintline uses. Prices were read on 2026-11-23 from the pages named
 * beside them (https://developers.cloudflare.com/…/platform/pricing/); they are the only thing here that ages.
 * Uses are counted: `counted` names the test or the design's figure behind each.
 */
import { QUEUE_OPERATIONS_PER_MESSAGE } from "../../shared/plans.ts";

export const READ_ON = "2026-11-23";

const MILLION = 1_000_000;

/** Workers Paid, a month. workers/platform/pricing */
export const MONTHLY_DOLLARS = 5;

export type Price = {
  readonly what: string;
  /** Used by one job; by `size` for what is counted in bytes. */
  readonly perJob: number;
  readonly counted: string;
  /** A month, in the $5. */
  readonly included: number;
  /** For a million beyond it. */
  readonly dollarsPerMillion: number;
  readonly source: string;
};

/** Jobs of a full delivery; the Free profile has one. */
const JOBS_PER_DELIVERY = 10;
const MEDIA_MB = 0.5;

export const PRICES: readonly Price[] = [
  {
    what: "Queues: operations",
    perJob: QUEUE_OPERATIONS_PER_MESSAGE,
    counted: "a message is written, read and deleted once",
    included: 1 * MILLION,
    dollarsPerMillion: 0.4,
    source: "queues",
  },
  {
    what: "D1: rows written",
    perJob: 5.45,
    counted: "insert, dispatch, claim, settle, manifest; counters and lease 0.45",
    included: 50 * MILLION,
    dollarsPerMillion: 1,
    source: "d1",
  },
  {
    what: "D1: rows read",
    perJob: 10,
    counted: "an estimate: rows are found by their keys, twice as many as are written",
    included: 25_000 * MILLION,
    dollarsPerMillion: 0.001,
    source: "d1",
  },
  {
    what: "Workers: requests",
    perJob: 1 / JOBS_PER_DELIVERY + 0.01,
    counted: "a delivery of ten jobs, intake, the sweep",
    included: 10 * MILLION,
    dollarsPerMillion: 0.3,
    source: "workers",
  },
  {
    what: "Workers: CPU, ms",
    perJob: 2,
    counted: "five calls at 0.36 ms each, locally, and the row's own parsing",
    included: 30 * MILLION,
    dollarsPerMillion: 0.02,
    source: "workers",
  },
  {
    what: "Durable Object: requests",
    perJob: 1 / JOBS_PER_DELIVERY,
    counted: "the gate is asked once a delivery",
    included: 1 * MILLION,
    dollarsPerMillion: 0.15,
    source: "durable-objects",
  },
  {
    what: "Durable Object: GB-s",
    perJob: (4 / 50) * 0.128,
    counted: "one gate of 128 MB, awake for 4 calls a job at 50 a second",
    included: 400_000,
    dollarsPerMillion: 12.5,
    source: "durable-objects",
  },
  {
    what: "R2: writes (class A)",
    perJob: 1,
    counted: "each file is put once; media by URL below 1 MB is never put",
    included: 1 * MILLION,
    dollarsPerMillion: 4.5,
    source: "r2",
  },
  {
    what: "R2: reads (class B)",
    perJob: 1,
    counted: "each file is read once; media by URL below 1 MB is never read",
    included: 10 * MILLION,
    dollarsPerMillion: 0.36,
    source: "r2",
  },
  {
    what: "R2: MB kept for a month",
    perJob: MEDIA_MB,
    counted: `${MEDIA_MB} MB a file; media by URL is not kept`,
    included: 10_000,
    dollarsPerMillion: 15,
    source: "r2",
  },
];

/** Not billed by anybody here, but people ask. */
export const UNBILLED = {
  sequenceCallsPerJob: 4,
  /** One Worker call to D1 may hold many statements; calls are not billed, rows are. */
  d1CallsPerJob: 0.21,
} as const;
