/** The fields that a column can fill, and the names people give them (contract §4). One table. */
import { foldHeader } from "../job/token-id.ts";

/** In the order of the contract; each is also the name under which `map[…]` and `template[…]` know it. */
export const FIELDS = [
  "tokenId",
  "name",
  "description",
  "image",
  "animation_url",
  "video",
  "audio",
  "external_url",
  "background_color",
  "decimals",
  "properties",
  "attributes",
  "supply",
  "youtube_url",
] as const;
export type Field = (typeof FIELDS)[number];

/** Other tools' names for a field. A column with the field's own name beats them. */
export const SYNONYMS: Readonly<Partial<Record<Field, readonly string[]>>> = {
  tokenId: ["id", "identifier"],
  name: ["nft_name", "title"],
  description: ["desc"],
  image: [
    "image_url",
    "file_name",
    "image_file_name",
    "file_url",
    "file_path",
    "media",
    "artifactUri",
    "displayUri",
    "image1",
    "map_image",
  ],
  animation_url: ["animation", "map_animation_url"],
  external_url: ["external_link"],
  supply: ["quantity", "total_supply", "editions", "amount", "mint_quantity"],
};

/** Names that mean an id in some files and a trait in others: their cells decide (contract §4). */
const WEAK_IDS = ["number", "#", "edition"];

const EXACT = new Map(FIELDS.map((field) => [foldHeader(field), field]));
const SYNONYM = new Map(
  FIELDS.flatMap((field) =>
    (SYNONYMS[field] ?? []).map((name): [string, Field] => [foldHeader(name), field]),
  ),
);
const WEAK = new Set(WEAK_IDS.map(foldHeader));

export type NameMatch = { readonly field: Field; readonly strength: "exact" | "synonym" | "weak" };

/** Which field a header names, if any. */
export function matchName(header: string): NameMatch | null {
  const name = foldHeader(header);
  const exact = EXACT.get(name);
  if (exact) return { field: exact, strength: "exact" };
  const synonym = SYNONYM.get(name);
  if (synonym) return { field: synonym, strength: "synonym" };
  return WEAK.has(name) ? { field: "tokenId", strength: "weak" } : null;
}

/** The field that `map[…]` or `template[…]` names, by its own name or a synonym. */
export const fieldNamed = (name: string): Field | null => {
  const match = matchName(name);
  return match && match.strength !== "weak" ? match.field : null;
};

/** A header that stands for a trait or a property by its form. Pairs join by `pair`. */
export type HeaderPattern =
  | { readonly kind: "trait"; readonly trait: string }
  | { readonly kind: "property"; readonly key: string }
  | { readonly kind: "pair"; readonly pair: string; readonly part: "type" | "value" };

const TRAIT_FORMS = [
  /^attributes?\s*\[\s*(.+?)\s*\]$/i, // OpenSea, Zora
  /^attributes?\s*\|\s*(.+)$/i, // LINE
  /^trait\s*:\s*(.+)$/i,
  /^trait_(?!type|value)(.+)$/i,
];
/** `attributes/0/trait_type` of flattened JSON, also with dots. Before the Tezos form, which would swallow it. */
const FLATTENED = /^attributes?[/.](\d+)[/.](trait_?type|value)$/i;
const TEZOS = /^attributes?\.(.+)$/i;
/** `trait_type_1` with `value_1` or `trait_value_1`. */
const NUMBERED = /^(trait_?type|trait_?value|value)[ _-]?(\d+)$/i;
const PROPERTY = /^properties\.(.+)$/i;

export function matchPattern(header: string): HeaderPattern | null {
  const flat = FLATTENED.exec(header);
  if (flat?.[1] && flat[2]) return pair(`flat ${flat[1]}`, flat[2]);
  const numbered = NUMBERED.exec(header);
  if (numbered?.[1] && numbered[2]) return pair(`numbered ${numbered[2]}`, numbered[1]);
  const property = PROPERTY.exec(header);
  if (property?.[1]) return { kind: "property", key: property[1].trim() };
  for (const form of [...TRAIT_FORMS, TEZOS]) {
    const trait = form.exec(header)?.[1];
    if (trait) return { kind: "trait", trait: trait.trim() };
  }
  return null;
}

const pair = (name: string, part: string): HeaderPattern => ({
  kind: "pair",
  pair: name,
  part: /type$/i.test(part) ? "type" : "value",
});
