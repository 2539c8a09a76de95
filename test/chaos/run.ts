/** What a fault run is, and what it has shown: each figure with the bound that it must keep. */
import type { Violation } from "../../shared/invariants/violation.ts";

export type RunGiven = {
  readonly seed: number;
  /** Smaller numbers and shorter times, for `npm test`. */
  readonly quick: boolean;
};

export type Run = {
  /** For `--only`. */
  readonly name: string;
  /** The row of the table in the issue, in short. */
  readonly mustShow: string;
  /** What it measures would be disturbed by a neighbour, so nothing runs beside it. */
  readonly alone: boolean;
  /** Why `--quick` leaves it out; null: it does not. */
  readonly notQuick: string | null;
  perform(given: RunGiven): Promise<Shown>;
};

export type Figure = {
  readonly name: string;
  readonly value: number | string;
  readonly must: string;
  readonly ok: boolean;
};

export type Shown = {
  readonly figures: readonly Figure[];
  readonly violations: readonly Violation[];
  /** Anything else that is not as it must be, a sentence each. */
  readonly failings: readonly string[];
  /** What helps to understand the figures, a line each. */
  readonly notes?: readonly string[];
};

export const holds = ({ figures, violations, failings }: Shown): boolean =>
  violations.length === 0 && failings.length === 0 && figures.every(({ ok }) => ok);

export const exactly = (name: string, value: number | string, wanted: number | string): Figure => ({
  name,
  value,
  must: `= ${wanted}`,
  ok: value === wanted,
});

export const atMost = (name: string, value: number, bound: number): Figure => ({
  name,
  value: rounded(value),
  must: `≤ ${bound}`,
  ok: value <= bound,
});

export const atLeast = (name: string, value: number, bound: number): Figure => ({
  name,
  value: rounded(value),
  must: `≥ ${bound}`,
  ok: value >= bound,
});

/** Told, and nothing is asked of it. */
export const told = (name: string, value: number | string): Figure => ({
  name,
  value: typeof value === "number" ? rounded(value) : value,
  must: "",
  ok: true,
});

/** What did not come to pass has no number; JSON knows no Infinity either. */
const rounded = (value: number): number | string =>
  Number.isFinite(value) ? Math.round(value * 1_000) / 1_000 : "never";
