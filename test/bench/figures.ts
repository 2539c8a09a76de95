/** A measured figure, the bound that it must keep, and whether it does. Pure. */

export type Bound =
  | { readonly kind: "least"; readonly value: number }
  | { readonly kind: "most"; readonly value: number }
  | { readonly kind: "exactly"; readonly value: number };

export type Figure = {
  /** As in the table of issue 7 where it stands there. */
  readonly name: string;
  /** Null: could not be measured; `note` says why. */
  readonly value: number | null;
  readonly unit: string;
  /** Null: reported, not judged. */
  readonly bound: Bound | null;
  readonly note: string | null;
};

export const atLeast = (value: number): Bound => ({ kind: "least", value });
export const atMost = (value: number): Bound => ({ kind: "most", value });
export const exactly = (value: number): Bound => ({ kind: "exactly", value });

export const judged = (
  name: string,
  value: number | null,
  unit: string,
  bound: Bound,
  note: string | null = null,
): Figure => ({ name, value, unit, bound, note });

export const told = (
  name: string,
  value: number | null,
  unit: string,
  note: string | null = null,
): Figure => ({
  name,
  value,
  unit,
  bound: null,
  note,
});

export type Verdict = "ok" | "NOT" | "told";

/** What was not measured has not been shown. */
export function judge({ value, bound }: Figure): Verdict {
  if (bound === null) return "told";
  if (value === null || Number.isNaN(value)) return "NOT";
  switch (bound.kind) {
    case "least":
      return value >= bound.value ? "ok" : "NOT";
    case "most":
      return value <= bound.value ? "ok" : "NOT";
    case "exactly":
      return value === bound.value ? "ok" : "NOT";
  }
}

/** 1 where any bound is not kept, and where nothing was judged that should have been. */
export const exitCodeOf = (figures: readonly Figure[]): 0 | 1 =>
  figures.length > 0 && figures.every((figure) => judge(figure) !== "NOT") ? 0 : 1;

const SIGNS = { least: "≥", most: "≤", exactly: "=" } as const;
export const boundText = (bound: Bound | null): string =>
  bound === null ? "" : `${SIGNS[bound.kind]} ${numberText(bound.value)}`;

/** Three digits that count, and whole numbers whole. */
export function numberText(value: number | null): string {
  if (value === null) return "not run";
  if (Number.isInteger(value) || Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** For people: a line a figure. */
export function tableOf(figures: readonly Figure[]): string[] {
  const cells = figures.map((figure) => [
    judge(figure) === "told" ? "" : judge(figure),
    figure.name,
    `${numberText(figure.value)}${figure.unit === "" || figure.value === null ? "" : ` ${figure.unit}`}`,
    boundText(figure.bound),
    figure.note ?? "",
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** For scripts: by name. */
export const recordOf = (figures: readonly Figure[]) =>
  Object.fromEntries(
    figures.map((figure) => [
      figure.name,
      {
        value: figure.value,
        unit: figure.unit,
        bound: boundText(figure.bound) || null,
        is: judge(figure),
        note: figure.note,
      },
    ]),
  );
