/** A checked file in words: what it is, which column became what, what is wrong, and the tokens as they will be. No I/O. */
import type { TraitSummary, ValueCount } from "../shared/intake/rarity.ts";
import type { FileReport } from "../shared/intake/validate-file.ts";
import type { JobArgs } from "../shared/job/job.ts";
import { plural, rowProblemText } from "./batch-text.ts";

/** Enough to see what is wrong; --json lists them all. */
const SHOWN = 50;
const TRAITS_SHOWN = 20;
const COLUMNS_SHOWN = 40;
const TOKENS_SHOWN = 3;

export function reportText(file: string, report: FileReport): string[] {
  const { rows, warnings, format, dialect } = report;
  const read = format === null ? "" : ` (${format}; ${dialect})`;
  return [
    `${file}: ${plural(rows.total, "row")}, ${rows.valid} valid, ${rows.invalid} invalid, ${plural(warnings, "warning")}${read}`,
    ...cut(
      Object.entries(report.mapping).map(([field, column]) => `  ${field} ← ${column}`),
      COLUMNS_SHOWN,
    ),
    ...problemText(report),
    ...traitsText(report),
    ...tokensText(report.samples),
  ];
}

/** Errors first: forty doubts about colours must not push the one wrong id off the screen. */
function problemText({ problems, rows, warnings }: FileReport): string[] {
  const sorted = problems.toSorted((a, b) => a.severity.localeCompare(b.severity));
  const unlisted =
    warnings + rows.invalid > problems.length ? "; only the first 10,000 of a kind are listed" : "";
  const more = sorted.length - SHOWN;
  return [
    ...sorted.slice(0, SHOWN).flatMap(rowProblemText),
    ...(more > 0 ? [`  … and ${more} more; --json lists them all${unlisted}`] : []),
  ];
}

function traitsText({ traits, rows }: FileReport): string[] {
  if (traits.length === 0) return [];
  return [
    `traits of ${plural(rows.valid, "token")}:`,
    ...cut(
      traits.map((trait) => traitText(trait, rows.valid)),
      TRAITS_SHOWN,
    ),
  ];
}

function traitText({ trait, tokens, values, more, range, common, rare }: TraitSummary, of: number): string {
  const head = `  ${trait === "" ? "(without a name)" : trait}: ${tokens === of ? "all" : percent(tokens, of)}, ${more ? "over " : ""}${plural(values, "value")}`;
  // Numbers that all differ say more by their ends than one by one.
  if (range && values > common.length) return `${head}, from ${range.min} to ${range.max}`;
  const shown = (counts: readonly ValueCount[]): string => counts.map((one) => valueText(one, of)).join(", ");
  if (rare.length === 0) return `${head}: ${shown(common)}`;
  const gap = values > common.length + rare.length ? " …" : ",";
  return `${head}: ${shown(common)}${gap} ${shown(rare)}`;
}

const valueText = ({ value, tokens }: ValueCount, of: number): string =>
  `${value.length > 30 ? `${value.slice(0, 29)}…` : value} ${percent(tokens, of)}`;

/** One in ten thousand is what people want to see, so small shares keep their digits. */
function percent(part: number, whole: number): string {
  const share = (100 * part) / Math.max(1, whole);
  if (share === 0 || part === whole) return `${share} %`;
  return `${share < 10 ? Number(share.toPrecision(2)) : Math.min(99, Math.round(share))} %`;
}

const tokensText = (samples: readonly JobArgs[]): string[] =>
  samples.length === 0
    ? []
    : [
        `the first ${samples.length === 1 ? "token" : "tokens"} as they will be:`,
        ...samples.slice(0, TOKENS_SHOWN).map((args) => `  ${JSON.stringify(args)}`),
      ];

const cut = (lines: readonly string[], most: number): string[] =>
  lines.length <= most
    ? [...lines]
    : [...lines.slice(0, most), `  … and ${lines.length - most} more; --json lists them all`];
