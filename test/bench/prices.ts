/**
 * Cloudflare's published prices on the Workers Paid plan, in US dollars beyond what a month includes, as read on
 * 2026-11-23. One list, so that whoever else works out a bill can take it from here.
 */

export type Price = {
  /** Dollars for a million. */
  readonly perMillion: number;
  /** In a month of the plan; a share of it is not counted on, because other work on the account uses it too. */
  readonly includedPerMonth: number;
  readonly of: string;
  readonly source: string;
};

const DOCS = "https://developers.cloudflare.com";

export const PRICES_READ_ON = "2026-11-23";

export const PRICES = {
  /** Every 64 kB written, read or deleted: three for a message that is delivered once. */
  queueOperations: {
    perMillion: 0.4,
    includedPerMonth: 1_000_000,
    of: "Queues: operations",
    source: `${DOCS}/queues/platform/pricing/`,
  },
  d1RowsWritten: {
    perMillion: 1,
    includedPerMonth: 50_000_000,
    of: "D1: rows written",
    source: `${DOCS}/d1/platform/pricing/`,
  },
  d1RowsRead: {
    perMillion: 0.001,
    includedPerMonth: 25_000_000_000,
    of: "D1: rows read",
    source: `${DOCS}/d1/platform/pricing/`,
  },
  r2ClassA: {
    perMillion: 4.5,
    includedPerMonth: 1_000_000,
    of: "R2: puts, lists, parts",
    source: `${DOCS}/r2/pricing/`,
  },
  r2ClassB: {
    perMillion: 0.36,
    includedPerMonth: 10_000_000,
    of: "R2: gets, heads",
    source: `${DOCS}/r2/pricing/`,
  },
  requests: {
    perMillion: 0.3,
    includedPerMonth: 10_000_000,
    of: "Workers: requests",
    source: `${DOCS}/workers/platform/pricing/`,
  },
  cpuMs: {
    perMillion: 0.02,
    includedPerMonth: 30_000_000,
    of: "Workers: CPU ms",
    source: `${DOCS}/workers/platform/pricing/`,
  },
  objectRequests: {
    perMillion: 0.15,
    includedPerMonth: 1_000_000,
    of: "Durable Objects: sessions",
    source: `${DOCS}/durable-objects/platform/pricing/`,
  },
  /** Of 128 MB for as long as the object is awake. */
  objectGbSeconds: {
    perMillion: 12.5,
    includedPerMonth: 400_000,
    of: "Durable Objects: GB-s awake",
    source: `${DOCS}/durable-objects/platform/pricing/`,
  },
  objectRowsWritten: {
    perMillion: 1,
    includedPerMonth: 50_000_000,
    of: "Durable Objects: rows written",
    source: `${DOCS}/durable-objects/platform/pricing/`,
  },
} as const satisfies Record<string, Price>;

export type PriceName = keyof typeof PRICES;
/** How much of each is used. */
export type Quantities = Readonly<Record<PriceName, number>>;

export type BillLine = { readonly of: string; readonly quantity: number; readonly dollars: number };
export type Bill = { readonly lines: readonly BillLine[]; readonly dollars: number };

export const PRICE_NAMES = Object.keys(PRICES) as readonly PriceName[];

/** What these quantities cost with nothing included. */
export function billOf(quantities: Quantities): Bill {
  const lines = PRICE_NAMES.map((name) => ({
    of: PRICES[name].of,
    quantity: quantities[name],
    dollars: (quantities[name] / 1_000_000) * PRICES[name].perMillion,
  }));
  return { lines, dollars: lines.reduce((sum, { dollars }) => sum + dollars, 0) };
}

/** The same where the month's included amounts are all still there; the plan's own $5 are not in it. */
export const billBeyondIncluded = (quantities: Quantities): Bill =>
  billOf(
    Object.fromEntries(
      PRICE_NAMES.map((name) => [name, Math.max(0, quantities[name] - PRICES[name].includedPerMonth)]),
    ) as Quantities,
  );
