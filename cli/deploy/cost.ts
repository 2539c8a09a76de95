/** What a number of jobs costs, itemised. Pure. */
import { SECOND } from "../../shared/limits.ts";
import { DEPLOY } from "./numbers.ts";
import { MONTHLY_DOLLARS, PRICES, type Price, READ_ON } from "./prices.ts";
import { UNBILLED, USES } from "./uses.ts";

export type Item = {
  readonly price: Price;
  readonly counted: string;
  readonly used: number;
  /** Dollars in a month that does nothing else, the included amount taken off … */
  readonly alone: number;
  /** … and in one in which other work has used it up. */
  readonly atMost: number;
};

export function itemise(jobs: number): Item[] {
  return USES.map(({ of, perJob, counted }) => {
    const price = PRICES[of];
    const used = jobs * perJob;
    const dollars = (amount: number) => (Math.max(amount, 0) * price.dollarsPerMillion) / 1_000_000;
    return { price, counted, used, alone: dollars(used - price.included), atMost: dollars(used) };
  });
}

export const MILLION_JOBS = 1_000_000;

/** A table for people; the first row is its header. */
export function costTable(jobs: number): string[][] {
  const items = itemise(jobs);
  const total = (of: (item: Item) => number) => items.reduce((sum, item) => sum + of(item), 0);
  return [
    ["", "used", "included", "beyond it, a million", "you pay", "if used up", "counted"],
    ...items.map(({ price, counted, used, alone, atMost }) => [
      price.what,
      whole(used),
      whole(price.included),
      dollarText(price.dollarsPerMillion),
      dollarText(alone),
      dollarText(atMost),
      counted,
    ]),
    [
      "together",
      "",
      "",
      "",
      dollarText(total(({ alone }) => alone)),
      dollarText(total(({ atMost }) => atMost)),
      `on top of $${MONTHLY_DOLLARS} a month`,
    ],
  ];
}

export function costNotes(jobs: number): string[] {
  const calls = jobs * UNBILLED.sequenceCallsPerJob;
  const hours = ((calls / DEPLOY.callsPerSecond) * SECOND) / 3_600_000;
  return [
    `Cloudflare charges nothing for the ${whole(calls)} calls to Sequence (${UNBILLED.sequenceCallsPerJob} a job; at ${DEPLOY.callsPerSecond} a second ${hours.toFixed(0)} hours) nor for the ${whole(jobs * UNBILLED.d1CallsPerJob)} calls to D1 (${UNBILLED.d1CallsPerJob} a job). What Sequence charges is between you and Sequence.`,
    `Prices of ${READ_ON} from developers.cloudflare.com (cli/deploy/prices.ts names each page); uses counted by the tests, on Cloudflare's network not yet measured.`,
  ];
}

const whole = (value: number): string => Math.round(value).toLocaleString("en");

const dollarText = (dollars: number): string =>
  dollars === 0 ? "0" : `$${dollars < 0.01 ? dollars.toFixed(3) : dollars.toFixed(2)}`;
