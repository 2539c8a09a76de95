/**
 * Where a row's media may be fetched from. `ipfs:` and `ar:` name content, not a place: any gateway may hand it
 * out, so which gateways, and in which order, is the operator's to say, and a job keeps the name rather than one
 * gateway's address. Pure; nothing here is believed when a request leaves, where the guard looks again.
 */
import { fail, ok, type Result } from "../result.ts";
import { checkMediaUrl, isTooLong, show } from "./guard.ts";
import type { MediaRefusal } from "./kinds.ts";

/** Base URLs without a slash at the end, asked in this order. */
export type Gateways = { readonly ipfs: readonly string[]; readonly ar: readonly string[] };

/**
 * Public and free, so good for trying things out: each asks few requests a minute of everybody, and ipfs.io, since
 * August 2026, fewer of programs than of people; therefore last. Who publishes thousands names a gateway of their own.
 * https://docs.ipfs.tech/concepts/public-utilities and https://docs.pinata.cloud/account-management/limits
 */
export const PUBLIC_GATEWAYS: Gateways = {
  ipfs: ["https://ipfs.4everland.io", "https://gateway.pinata.cloud", "https://ipfs.io"],
  ar: ["https://arweave.net", "https://turbo-gateway.com", "https://permagate.io"],
};

/** CIDv0; CIDv1 in base32, base36, base58 and base16, which are the ones that gateways take. */
const CID =
  "Qm[1-9A-HJ-NP-Za-km-z]{44}|b[a-z2-7]{35,}|B[A-Z2-7]{35,}|[kK][0-9a-zA-Z]{35,}|z[1-9A-HJ-NP-Za-km-z]{35,}|f[0-9a-f]{50,}";
const IPFS = new RegExp(`^(?:ipfs:/{0,3}(?:ipfs/)?|/?ipfs/)(${CID})(/[^?#]*)?(\\?[^#]*)?(?:#.*)?$`, "i");
const IPFS_EXACT = new RegExp(`^(?:${CID})$`);
/** A transaction's id is a SHA-256 in base64url. */
const AR = /^ar:\/{0,3}([\w-]{43})(\/[^?#]*)?(\?[^#]*)?(?:#.*)?$/i;

/** Whether a media cell is meant as an address; else it is the name of a file, also `C:\\art\\1.png`. */
export const isMediaUrl = (cell: string): boolean =>
  /^[a-z][a-z0-9+.-]+:\/\//i.test(cell) ||
  /^(https?|ipfs|ipns|ar|data|file|ftp|gopher|javascript|mailto):/i.test(cell) ||
  IPFS.test(cell);

/**
 * A media cell's address in one spelling (`ipfs://CID/path`, `ar://TXID/path`, or the URL), or why it is none.
 * Codes: those of the guard. `data:` is no address: its bytes stand in the cell.
 */
export function checkMediaSource(
  cell: string,
  privateHosts: readonly string[],
): Result<string, MediaRefusal> {
  const named = nameOf(cell);
  if (named === null) {
    const checked = checkMediaUrl(cell, privateHosts);
    return checked.ok ? ok(checked.value.href) : checked;
  }
  const one = named === "malformed" ? "" : `${named.scheme}://${named.id}${named.rest}`;
  return one === "" || isTooLong(one) ? fail(malformed(cell)) : ok(one);
}

/** The URLs behind a source, in the order in which to ask them; of a plain URL, itself. */
export function addressesOf(source: string, gateways: Gateways): readonly string[] {
  const named = nameOf(source);
  if (named === null || named === "malformed") return [source];
  const { scheme, id, rest } = named;
  return scheme === "ipfs"
    ? gateways.ipfs.map((base) => `${base}/ipfs/${id}${rest}`)
    : gateways.ar.map((base) => `${base}/${id}${rest}`);
}

/** `https://a, https://b/ipfs/` → its base URLs, or the first entry that is none. A private one must be allowed like any. */
export function readGateways(text: string, privateHosts: readonly string[]): Result<string[], string> {
  const bases: string[] = [];
  for (const entry of text.split(",").map((part) => part.trim())) {
    if (entry === "") continue;
    const checked = checkMediaUrl(entry, privateHosts);
    if (!checked.ok || checked.value.search !== "" || checked.value.hash !== "") return fail(show(entry));
    bases.push(checked.value.href.replace(/\/+$/, "").replace(/\/ipfs$/, ""));
  }
  return ok([...new Set(bases)]);
}

type Named = { readonly scheme: "ipfs" | "ar"; readonly id: string; readonly rest: string };

/** Null: neither `ipfs:` nor `ar:`. */
function nameOf(cell: string): Named | "malformed" | null {
  const scheme = /^ar:/i.test(cell) ? "ar" : /^ipfs:/i.test(cell) || IPFS.test(cell) ? "ipfs" : null;
  if (scheme === null) return null;
  const [, id = "", path = "", query = ""] = (scheme === "ar" ? AR : IPFS).exec(cell) ?? [];
  // The scheme is matched in any case, the id must not be: another case is another id, or none.
  if (id === "" || (scheme === "ipfs" && !IPFS_EXACT.test(id))) return "malformed";
  const clean = cleanPath(path);
  // The parser would end the path at these, or drop them.
  return clean === null || /[\s\\]/.test(query) ? "malformed" : { scheme, id, rest: clean + query };
}

/** Every segment escaped anew, so that none can climb out of its content to another address of the gateway. */
function cleanPath(path: string): string | null {
  const segments = path.split("/").map(decoded);
  // Also within a segment: a gateway may take `%2F` for a slash.
  const climbs = segments.some((segment) => segment.split(/[/\\]/).some((part) => /^\.\.?$/.test(part)));
  if (climbs || !path.isWellFormed()) return null;
  return segments.map(encodeURIComponent).join("/");
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // `100%.png`, written by hand.
    return segment;
  }
}

const malformed = (cell: string): MediaRefusal => ({
  code: "row.media_url",
  message: `Expected ipfs://CID/path or ar://TRANSACTION/path, got "${show(cell)}".`,
  next: "Copy the whole content id (bafy…, Qm…) or the transaction's 43 characters; in both, capital and small letters differ.",
});
