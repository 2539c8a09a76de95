/** The text of RESULTS.md: the machine, a table, and below a marker what people wrote, which is kept. Pure. */
import { boundText, type Figure, judge, numberText } from "./figures.ts";
import type { Machine } from "./machine.ts";

export const MARKER = "<!-- Below this line people write; `npm run bench -- --write` keeps it. -->";

/** @param before the file as it stands, null where there is none */
export function resultsText(machine: Machine, figures: readonly Figure[], before: string | null): string {
  const judgedOnes = figures.filter(({ bound }) => bound !== null);
  const toldOnes = figures.filter(({ bound }) => bound === null);
  return [
    "# What the bench has measured",
    "",
    "Written by `npm run bench -- --write`. Every figure is one of the local runtime (`wrangler dev`, workerd on one",
    "machine, beside the upstream and the rivals): nothing here was measured on Cloudflare's network.",
    "",
    ...Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`),
    "",
    "## Figures with a bound",
    "",
    ...table(judgedOnes),
    "",
    "## Figures behind them",
    "",
    ...table(toldOnes),
    "",
    keptOf(before),
  ].join("\n");
}

const table = (figures: readonly Figure[]): string[] => [
  "| figure | local runtime | bound | | |",
  "|---|---|---|---|---|",
  ...figures.map((figure) => {
    const unit = figure.value === null || figure.unit === "" ? "" : ` ${figure.unit}`;
    const value = `${numberText(figure.value)}${unit}, local runtime`;
    const is = judge(figure);
    const cells = [figure.name, value, boundText(figure.bound), is === "told" ? "" : is, figure.note ?? ""];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  }),
];

/** From the marker on. */
function keptOf(before: string | null): string {
  const at = before?.indexOf(MARKER) ?? -1;
  return before === null || at < 0 ? `${MARKER}\n\n## Before and after\n` : before.slice(at);
}
