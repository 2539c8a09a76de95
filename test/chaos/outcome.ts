/** What became of the runs, for people as a table and for programs as one JSON object. Pure. */
import { violationText } from "../../shared/invariants/violation.ts";
import { violationsShown } from "./limits.ts";
import { type Figure, holds, type Run, type Shown } from "./run.ts";

export type Outcome = {
  readonly run: Run;
  readonly seconds: number;
  /** What it has shown, or how it ended before. */
  readonly shown: Shown | { readonly crashed: string };
};

export const isGood = ({ shown }: Outcome): boolean => !("crashed" in shown) && holds(shown);

/** The table of the issue: run, must show, measured, ok; beneath each run its figures with their bounds. */
export function tableOf(outcomes: readonly Outcome[]): string[] {
  const rows = outcomes.flatMap((outcome) => [
    [outcome.run.name, outcome.run.mustShow, `${outcome.seconds.toFixed(1)} s`, mark(isGood(outcome))],
    ...figureRows(outcome),
  ]);
  return [
    ...columns([["RUN", "MUST SHOW", "MEASURED", "OK"], ...rows]),
    ...outcomes.flatMap(noted),
    ...outcomes.flatMap(complaints),
  ];
}

const mark = (ok: boolean): string => (ok ? "ok" : "FAIL");

function figureRows({ shown }: Outcome): string[][] {
  if ("crashed" in shown) return [];
  const violations: Figure = {
    name: "violations",
    value: shown.violations.length,
    must: "= 0",
    ok: shown.violations.length === 0,
  };
  return [...shown.figures, violations].map(({ name, value, must, ok }) => [
    "",
    `  ${name}${must === "" ? "" : ` ${must}`}`,
    String(value),
    must === "" ? "" : mark(ok),
  ]);
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

const noted = ({ run, shown }: Outcome): string[] =>
  "crashed" in shown ? [] : (shown.notes ?? []).map((note) => `${run.name}: ${note}`);

function complaints({ run, shown }: Outcome): string[] {
  if ("crashed" in shown) return [`${run.name}: crashed: ${shown.crashed}`];
  const all = [...shown.violations.map(violationText), ...shown.failings];
  const more = all.length - violationsShown;
  const tail = more > 0 ? [`${run.name}: and ${more} more`] : [];
  return [...all.slice(0, violationsShown).map((one) => `${run.name}: ${one}`), ...tail];
}

/** @param given what the program was asked for */
export function jsonOf(
  outcomes: readonly Outcome[],
  given: { seed: number; quick: boolean; seconds: number },
): string {
  return JSON.stringify({
    ...given,
    ok: outcomes.every(isGood),
    runs: outcomes.map((outcome) => ({
      name: outcome.run.name,
      mustShow: outcome.run.mustShow,
      ok: isGood(outcome),
      seconds: outcome.seconds,
      ...("crashed" in outcome.shown ? { crashed: outcome.shown.crashed } : toJson(outcome.shown)),
    })),
  });
}

const toJson = ({ figures, violations, failings, notes = [] }: Shown) => ({
  figures,
  notes,
  violations: violations.length,
  violationNames: [...new Set(violations.map(({ name }) => name))],
  evidence: violations.slice(0, violationsShown).map(violationText),
  failings: failings.slice(0, violationsShown),
});
