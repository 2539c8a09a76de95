/** Whose convention a file follows. Only a name for people: columns are read by their names and forms. Pure. */
import { foldHeader } from "../job/token-id.ts";
import type { Claims, FieldColumns } from "./claims.ts";
import type { Header, JsonHeader } from "./column-options.ts";

const names = (headers: readonly string[]): ReadonlySet<string> => new Set(headers.map(foldHeader));

const THIRDWEB = ["youtube_url", "background_color", "map_image", "map_animation_url"].map(foldHeader);
const OPENSEA = ["tokenID", "name", "description", "file_name", "external_url", "animation_url"];

export function formatOf(header: Header, chosen: FieldColumns, claims: Claims): string {
  return header.json ? jsonFormat(header, header.json) : csvFormat(header, chosen, claims);
}

function csvFormat(header: Header, chosen: FieldColumns, claims: Claims): string {
  const found = names(header.cells);
  const { forms } = claims;
  const hasIds = chosen.tokenId !== undefined;
  if (forms.has("flattened")) return "flattened";
  if (forms.has("numbered")) return "numbered";
  if (forms.has("bar")) return "line";
  if (forms.has("dot")) return "tezos";
  if (hasIds && found.has("filename") && (forms.has("bracket") || isAll(found, OPENSEA))) return "opensea";
  if (found.has("media") && (found.has("thumbnail") || forms.has("bracket"))) return "zora";
  if (looksThirdweb(header, chosen, claims)) return "thirdweb";
  return chosen.attributes === undefined ? "csv" : "json-cell";
}

const isAll = (found: ReadonlySet<string>, known: readonly string[]): boolean => {
  const folded = names(known);
  return [...found].every((name) => folded.has(name));
};

/** No ids, traits under their bare names, and at least one of the columns that only thirdweb reserves. */
export function looksThirdweb({ cells }: Header, chosen: FieldColumns, claims: Claims): boolean {
  const found = names(cells);
  const bare = claims.traits.length === 0 && claims.pairs.length === 0;
  return chosen.tokenId === undefined && bare && THIRDWEB.some((name) => found.has(name));
}

function jsonFormat({ cells }: Header, { syntax, list, nested, leftOut }: JsonHeader): string {
  const found = names([...cells, ...leftOut]);
  const has = (...all: string[]): boolean => all.every((name) => found.has(foldHeader(name)));
  if (list === "nfts" || (nested && has("recipient"))) return "crossmint";
  if (list === "assets" || (nested && (has("owner_address") || has("reference_id")))) return "immutable";
  if (has("dna") && (has("edition") || has("compiler"))) return "hashlips";
  if (has("seller_fee_basis_points") || has("symbol", "properties")) return "metaplex";
  return syntax;
}
