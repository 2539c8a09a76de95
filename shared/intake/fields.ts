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
/** Other services' names for a record of JSON: ids where all of them are one, else no part of the token. */
const RECORD_IDS = ["reference_id", "custom_id"];

/** The media itself and the picture that stands for it where it is none: Zora, TZIP-21. Named as pairs only. */
const PREVIEWED = ["media", "artifactUri"];
const PREVIEWS = ["thumbnail", "thumbnailUri", "displayUri"];
/** Not a field of its own: counts where all its cells are JSON lists. */
const TRAIT_LISTS = ["traits"];

const EXACT = new Map(FIELDS.map((field) => [foldHeader(field), field]));
const SYNONYM = new Map(
  FIELDS.flatMap((field) =>
    (SYNONYMS[field] ?? []).map((name): [string, Field] => [foldHeader(name), field]),
  ),
);
const namesOf = (names: readonly string[]): ((header: string) => boolean) => {
  const folded = new Set(names.map(foldHeader));
  return (header) => folded.has(foldHeader(header));
};
const isWeak = namesOf(WEAK_IDS);
export const isRecordId = namesOf(RECORD_IDS);
export const isPreviewed = namesOf(PREVIEWED);
export const isPreview = namesOf(PREVIEWS);
export const isTraitList = namesOf(TRAIT_LISTS);

export type NameMatch = { readonly field: Field; readonly strength: "exact" | "synonym" | "weak" };

/** Which field a header names, if any. */
export function matchName(header: string): NameMatch | null {
  const name = foldHeader(header);
  const exact = EXACT.get(name);
  if (exact) return { field: exact, strength: "exact" };
  const synonym = SYNONYM.get(name);
  if (synonym) return { field: synonym, strength: "synonym" };
  return isWeak(header) ? { field: "tokenId", strength: "weak" } : null;
}

/** The field that `map[…]` or `template[…]` names, by its own name or a synonym. */
export const fieldNamed = (name: string): Field | null => {
  const match = matchName(name);
  return match && match.strength !== "weak" ? match.field : null;
};

/** A header that stands for a trait or a property by its form. Pairs join by `pair`. */
export type HeaderPattern =
  | { readonly kind: "trait"; readonly trait: string; readonly form: TraitForm }
  | { readonly kind: "property"; readonly key: string }
  | { readonly kind: "pair"; readonly pair: string; readonly part: PairPart; readonly form: PairForm };
export type TraitForm = "bracket" | "bar" | "dot" | "prefix";
export type PairForm = "flattened" | "numbered";
export type PairPart = "type" | "value" | "display";

const TRAIT_FORMS: readonly (readonly [RegExp, TraitForm])[] = [
  [/^attributes?\s*\[\s*(.+?)\s*\]$/i, "bracket"], // OpenSea, Zora
  [/^attributes?\s*\|\s*(.+)$/i, "bar"], // LINE
  [/^trait\s*:\s*(.+)$/i, "prefix"],
  [/^trait_(?!type|value)(.+)$/i, "prefix"],
  [/^att?ributes?\.(.+)$/i, "dot"], // Tezos, whose own template has one t
];
/** `attributes/0/trait_type` of flattened JSON, also with dots. Before the Tezos form, which would swallow it. */
const FLATTENED = /^attributes?[/.](\d+)[/.](trait_?type|value|display_?type)$/i;
/** `trait_type_1` with `value_1` or `trait_value_1`, perhaps `display_type_1`. */
const NUMBERED = /^(trait_?type|trait_?value|value|display_?type)[ _-]?(\d+)$/i;
const PROPERTY = /^properties\.(.+)$/i;

export function matchPattern(header: string): HeaderPattern | null {
  const flat = FLATTENED.exec(header);
  if (flat?.[1] && flat[2]) return pair(`flat ${flat[1]}`, flat[2], "flattened");
  const numbered = NUMBERED.exec(header);
  if (numbered?.[1] && numbered[2]) return pair(`numbered ${numbered[2]}`, numbered[1], "numbered");
  const property = PROPERTY.exec(header);
  if (property?.[1]) return { kind: "property", key: property[1].trim() };
  for (const [pattern, form] of TRAIT_FORMS) {
    const trait = pattern.exec(header)?.[1];
    if (trait) return { kind: "trait", trait: trait.trim(), form };
  }
  return null;
}

const pair = (name: string, part: string, form: PairForm): HeaderPattern => ({
  kind: "pair",
  pair: name,
  part: /value$/i.test(part) ? "value" : /^display/i.test(part) ? "display" : "type",
  form,
});
