/**
 * What the public sees against what was submitted. Pure: every difference is one sentence, and no difference is
 * an empty list. `test/cli/demo-comparison.test.ts` shows that each of them fires.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import type { Attribute, ExpectedFile, ExpectedToken, MediaColumn } from "./expectation.ts";

/** A document as it came, and the bytes behind the URLs in its media fields. */
export type SeenToken = {
  /** At `baseUri` + id, which ERC-721 contracts ask for. */
  readonly plain: unknown;
  /** At `baseUri` + id + `.json`, which ERC-1155 contracts ask for. */
  readonly withSuffix: unknown;
  /** By field; null where nothing could be fetched. */
  readonly files: ReadonlyMap<MediaColumn, Uint8Array | null>;
};

export const PublicMetadata = z.looseObject({
  name: z.string(),
  attributes: z.array(z.record(z.string(), z.json())).nullish(),
  image: z.string().nullish(),
  animation_url: z.string().nullish(),
  video: z.string().nullish(),
  audio: z.string().nullish(),
});
export type PublicMetadata = z.infer<typeof PublicMetadata>;

export function differences(expected: ExpectedToken, seen: SeenToken): string[] {
  return [
    ...documentDifferences("baseUri + id", expected, seen.plain),
    ...documentDifferences("baseUri + id + .json", expected, seen.withSuffix),
    ...fileDifferences(expected, seen.files),
  ];
}

function documentDifferences(where: string, expected: ExpectedToken, document: unknown): string[] {
  const read = PublicMetadata.safeParse(document);
  if (!read.success) return [`${where}: expected a token's metadata, got ${brief(document)}`];
  const found = read.data;
  const name =
    found.name === expected.name ? [] : [`${where}: name is "${found.name}", expected "${expected.name}"`];
  const fields = [...expected.files.keys()].flatMap((field) =>
    URL.canParse(found[field] ?? "")
      ? []
      : [`${where}: ${field} is ${brief(found[field])}, expected a URL that everybody can open`],
  );
  return [...name, ...fields, ...attributeDifferences(where, expected.attributes, found.attributes ?? [])];
}

/** As sets: no standard gives the order of traits a meaning. */
function attributeDifferences(
  where: string,
  expected: readonly Attribute[],
  found: readonly Attribute[],
): string[] {
  const missing = without(expected, found).map((one) => `${where}: attribute ${one} is missing`);
  const extra = without(found, expected).map((one) => `${where}: attribute ${one} was never submitted`);
  return [...missing, ...extra];
}

/** What the first list has more often than the second. */
function without(these: readonly Attribute[], those: readonly Attribute[]): string[] {
  const left = those.map(canonical);
  return these.map(canonical).filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

const canonical = (attribute: Attribute): string =>
  JSON.stringify(Object.fromEntries(Object.entries(attribute).sort(([a], [b]) => (a < b ? -1 : 1))));

function fileDifferences(expected: ExpectedToken, files: SeenToken["files"]): string[] {
  const extra = [...files.keys()].filter((field) => !expected.files.has(field));
  return [
    ...[...expected.files].flatMap(([field, file]) => fileDifference(field, file, files.get(field) ?? null)),
    ...extra.map((field) => `${field}: a file is published that was never submitted`),
  ];
}

function fileDifference(
  field: MediaColumn,
  { fileName, bytes }: ExpectedFile,
  found: Uint8Array | null,
): string[] {
  if (bytes === null) return [`${field}: the examples hold no file for "${fileName}"`];
  if (found === null) return [`${field}: ${fileName} could not be fetched`];
  if (Buffer.from(bytes).equals(found)) return [];
  return [`${field}: expected ${fileName} (${fingerprint(bytes)}), got other bytes (${fingerprint(found)})`];
}

const fingerprint = (bytes: Uint8Array): string =>
  `${bytes.length} bytes, sha256 ${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}…`;

const brief = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 120);
