/**
 * What a row of the examples must look like to the public, read from the CSV a second time and on purpose not
 * with Mintline's own intake: a check that shared the code it checks could never fire. It knows only the forms
 * that the examples use. Pure.
 */
import { parse } from "csv-parse/sync";
import * as z from "zod";

export const MEDIA_COLUMNS = ["image", "animation_url", "video", "audio"] as const;
export type MediaColumn = (typeof MEDIA_COLUMNS)[number];

export type Attribute = Readonly<Record<string, z.core.util.JSONType>>;

/** `bytes` is null where the examples hold no such file. */
export type ExpectedFile = { readonly fileName: string; readonly bytes: Uint8Array | null };

export type ExpectedToken = {
  readonly tokenId: string;
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly files: ReadonlyMap<MediaColumn, ExpectedFile>;
};

/** Local files by `fileKey`: whoever a cell means, its base name says which. */
export type LocalFiles = ReadonlyMap<string, Uint8Array>;

type Row = Readonly<Record<string, string>>;

const Rows = z.array(z.record(z.string(), z.string()));

export function expectedTokens(csv: string, files: LocalFiles): ExpectedToken[] {
  const rows = Rows.parse(parse(csv, { columns: true, trim: true, bom: true }));
  return rows
    .filter((row) => Object.values(row).some((cell) => cell !== ""))
    .map((row) => {
      const { tokenId: id = "", name = "" } = row;
      const tokenId = BigInt(id).toString();
      return { tokenId, name, attributes: attributesOf(row), files: filesOf(row, tokenId, files) };
    });
}

/** The name by which two spellings of a file meet: no folder, one case, one Unicode form. */
export const fileKey = (path: string): string =>
  (path.split(/[/\\]/).at(-1) ?? "").normalize("NFC").toLowerCase();

function filesOf(row: Row, tokenId: string, files: LocalFiles): Map<MediaColumn, ExpectedFile> {
  const named = MEDIA_COLUMNS.flatMap((column): [MediaColumn, ExpectedFile][] => {
    const cell = row[column] ?? "";
    return cell === "" ? [] : [[column, fileOf(cell, files)]];
  });
  const found = new Map(named);
  if (found.size > 0) return found;
  const byId = [...files.keys()].find((key) => key.startsWith(`${tokenId}.`)) ?? `${tokenId}.*`;
  return found.set("image", fileOf(byId, files));
}

function fileOf(cell: string, files: LocalFiles): ExpectedFile {
  const data = /^data:([^;,]+);base64,(.+)$/.exec(cell);
  if (data) return { fileName: `data:${data[1]}`, bytes: Buffer.from(data[2] ?? "", "base64") };
  const key = fileKey(cell);
  return { fileName: key, bytes: files.get(key) ?? null };
}

/** Columns that are no traits; the headers of `examples/` only. */
const FIELDS = new Set(
  [...MEDIA_COLUMNS, "tokenId", "name", "description", "External URL", "background_color", "decimals"].concat(
    ["supply", "properties", "properties.shelf", "attributes"],
  ),
);

function attributesOf(row: Row): Attribute[] {
  const { attributes = "" } = row;
  const traits = Object.entries(row).flatMap(([header, cell]): Attribute[] => {
    const trait = cell === "" || header.startsWith("_") ? null : traitOf(header, row);
    return trait === null || trait === "" ? [] : [{ trait_type: trait, value: cellValue(cell) }];
  });
  return [...listedAttributes(attributes), ...traits];
}

/** The trait whose value stands under this header, null for anything else. */
function traitOf(header: string, row: Row): string | null {
  const inHeader = /^(?:attributes\[(.+)\]|attributes\|(.+)|attribute\.(.+)|trait:(.+))$/.exec(header);
  if (inHeader) return inHeader.slice(1).find((part) => part !== undefined) ?? null;
  const numbered = /^(?:trait_)?value_(\d+)$/.exec(header);
  if (numbered) return row[`trait_type_${numbered[1]}`] ?? null;
  const flattened = /^attributes\/(\d+)\/value$/.exec(header);
  if (flattened) return row[`attributes/${flattened[1]}/trait_type`] ?? null;
  const namesOther = /^trait_type_\d+$|^attributes\/\d+\/trait_type$/.test(header);
  return namesOther || FIELDS.has(header) ? null : header;
}

const Listed = z.array(
  z.union([
    z.record(z.string(), z.json()),
    z.tuple([z.string(), z.json()]).transform(([trait_type, value]) => ({ trait_type, value })),
  ]),
);

const listedAttributes = (cell: string): Attribute[] => (cell === "" ? [] : Listed.parse(JSON.parse(cell)));

/** A plain decimal of at most 15 digits is a number; leading zeros and plus signs say that it is a label. */
function cellValue(cell: string): string | number {
  const plain = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(cell);
  return plain && cell.replace(/\D/g, "").length <= 15 ? Number(cell) : cell;
}
