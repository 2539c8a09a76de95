/** From what was used to a bill, at the prices that `npm run deploy` shows. Pure. */
import { type PriceName as AnyPrice, PRICES, READ_ON } from "../../cli/deploy/prices.ts";

export const PRICES_READ_ON = READ_ON;

/** What is kept is no part of the work that is counted. */
export type PriceName = Exclude<AnyPrice, "r2MegabyteMonths">;
/** How much of each is used. */
export type Quantities = Readonly<Record<PriceName, number>>;

export type BillLine = { readonly of: string; readonly quantity: number; readonly dollars: number };
export type Bill = { readonly lines: readonly BillLine[]; readonly dollars: number };

const isCounted = (name: string): name is PriceName => name in PRICES && name !== "r2MegabyteMonths";
export const PRICE_NAMES: readonly PriceName[] = Object.keys(PRICES).filter(isCounted);

/** What these quantities cost with nothing included. */
export function billOf(quantities: Quantities): Bill {
  const lines = PRICE_NAMES.map((name) => ({
    of: PRICES[name].what,
    quantity: quantities[name],
    dollars: (quantities[name] / 1_000_000) * PRICES[name].dollarsPerMillion,
  }));
  return { lines, dollars: lines.reduce((sum, { dollars }) => sum + dollars, 0) };
}

/** The same where the month's included amounts are all still there; the plan's own $5 are not in it. */
export const billBeyondIncluded = (quantities: Quantities): Bill =>
  billOf(
    Object.fromEntries(
      PRICE_NAMES.map((name) => [name, Math.max(0, quantities[name] - PRICES[name].included)]),
    ) as Quantities,
  );
