/**
 * Cloudflare's prices in US dollars on the Workers Paid plan, as read on READ_ON from the pages named beside them. One
 * list, for whoever works out a bill; it is the only thing here that ages.
 */
export const READ_ON = "2026-11-23";

/** Workers Paid, a month. https://developers.cloudflare.com/workers/platform/pricing/ */
export const MONTHLY_DOLLARS = 5;

export type Price = {
  readonly what: string;
  /** A month, in the $5. */
  readonly included: number;
  /** For a million beyond it. */
  readonly dollarsPerMillion: number;
  readonly source: string;
};

const DOCS = "https://developers.cloudflare.com";
const MILLION = 1_000_000;

export const PRICES = {
  /** Every 64 kB written, read or deleted. */
  queueOperations: {
    what: "Queues: operations",
    included: 1 * MILLION,
    dollarsPerMillion: 0.4,
    source: `${DOCS}/queues/platform/pricing/`,
  },
  d1RowsWritten: {
    what: "D1: rows written",
    included: 50 * MILLION,
    dollarsPerMillion: 1,
    source: `${DOCS}/d1/platform/pricing/`,
  },
  d1RowsRead: {
    what: "D1: rows read",
    included: 25_000 * MILLION,
    dollarsPerMillion: 0.001,
    source: `${DOCS}/d1/platform/pricing/`,
  },
  requests: {
    what: "Workers: requests",
    included: 10 * MILLION,
    dollarsPerMillion: 0.3,
    source: `${DOCS}/workers/platform/pricing/`,
  },
  cpuMs: {
    what: "Workers: CPU, ms",
    included: 30 * MILLION,
    dollarsPerMillion: 0.02,
    source: `${DOCS}/workers/platform/pricing/`,
  },
  objectRequests: {
    what: "Durable Object: requests",
    included: 1 * MILLION,
    dollarsPerMillion: 0.15,
    source: `${DOCS}/durable-objects/platform/pricing/`,
  },
  /** Of 128 MB for as long as the object is awake. */
  objectGbSeconds: {
    what: "Durable Object: GB-s",
    included: 400_000,
    dollarsPerMillion: 12.5,
    source: `${DOCS}/durable-objects/platform/pricing/`,
  },
  objectRowsWritten: {
    what: "Durable Object: rows written",
    included: 50 * MILLION,
    dollarsPerMillion: 1,
    source: `${DOCS}/durable-objects/platform/pricing/`,
  },
  /** Puts, lists, parts. */
  r2ClassA: {
    what: "R2: writes (class A)",
    included: 1 * MILLION,
    dollarsPerMillion: 4.5,
    source: `${DOCS}/r2/pricing/`,
  },
  /** Gets, heads. */
  r2ClassB: {
    what: "R2: reads (class B)",
    included: 10 * MILLION,
    dollarsPerMillion: 0.36,
    source: `${DOCS}/r2/pricing/`,
  },
  r2MegabyteMonths: {
    what: "R2: MB kept for a month",
    included: 10_000,
    dollarsPerMillion: 15,
    source: `${DOCS}/r2/pricing/`,
  },
} as const satisfies Record<string, Price>;

export type PriceName = keyof typeof PRICES;
