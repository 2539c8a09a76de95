/** Token ids: what a cell may hold, and the id of a row that has none. No I/O. No clock. */
import { keccak256 } from "ethers/crypto";
import { toUtf8Bytes } from "ethers/utils";
import { fail, ok, type Result } from "../result.ts";

/** Why a text is no token id. `scientific` is what Excel makes of a long number: `1.23457E+17`. */
export type TokenIdFault =
  | "empty"
  | "negative"
  | "fractional"
  | "scientific"
  | "thousands"
  | "too_large"
  | "not_a_number";

export const MAX_TOKEN_ID = 2n ** 256n - 1n;
/** Any number of so few digits is below 2^256, so the common id needs no big integer. */
const SAFE_DIGITS = 77;

/** The canonical decimal form, without leading zeros, of a decimal or `0x` hex id; spaces round it are ignored. */
export function parseTokenId(text: string): Result<string, TokenIdFault> {
  const given = text.trim();
  if (/^(0|[1-9][0-9]*)$/.test(given) && given.length <= SAFE_DIGITS) return ok(given);
  if (!/^([0-9]+|0x[0-9a-f]+)$/i.test(given)) return fail(faultOf(given));
  const value = BigInt(given);
  return value <= MAX_TOKEN_ID ? ok(value.toString()) : fail("too_large");
}

/** Asked in this order: `-1.5` is above all negative, and `1,000` must not count as a fraction. */
function faultOf(given: string): TokenIdFault {
  if (given === "") return "empty";
  if (/^[-−–]\s*[0-9]/.test(given)) return "negative";
  if (/^\+?[0-9]+([.,][0-9]+)?e[+-]?[0-9]+$/i.test(given)) return "scientific";
  if (/^[0-9]{1,3}([,' ’_\u00a0\u202f][0-9]{3})+$/.test(given)) return "thousands";
  if (/^[0-9]{1,3}(\.[0-9]{3}){2,}$/.test(given)) return "thousands";
  if (/^\+?[0-9]*[.,][0-9]+$/.test(given)) return "fractional";
  return "not_a_number";
}

export type OwnCells = {
  readonly collectionId: number;
  /** The row's cells under their headers as the file has them, in the file's order; see `deriveTokenId`. */
  readonly cells: readonly (readonly [header: string, cell: string])[];
  /** 0 for the first of several identical rows of a file, 1 for the second, … */
  readonly ordinal: number;
};

/**
 * The id of a row whose file names none: the last 160 bits of keccak-256, like an address, over
 * `["mintline.token.1", collectionId, [[column, cell], …]]` as compact JSON in UTF-8; for the second and later
 * of identical rows see `repeatTokenId`.
 *
 * Which cells: those of every column that the caller hands in (all but the ones that begin with `_`, which are
 * ours), without the empty ones, under folded headers, sorted by header in code-unit order; columns of one
 * folded header keep the file's order. So the same row in another file meets the same token: the failed file
 * with its added columns, a sheet with its columns moved, one with an empty column more. Cells are taken as
 * text, before any rule turns them into numbers or URLs: a later release that reads a cell differently must
 * not make a second token of it. Templates are left out for the same reason. JSON, not concatenation, keeps
 * `ab|c` and `a|bc` apart; the first word keeps the scheme changeable.
 */
export function deriveTokenId({ collectionId, cells, ordinal }: OwnCells): string {
  const own = cells
    .filter(([, cell]) => cell !== "")
    .map(([header, cell]): [string, string] => [foldHeader(header), cell])
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return repeatTokenId(hashed([SCHEME, collectionId, own]), ordinal);
}

/**
 * The id of a row that is identical to `ordinal` rows before it, from the id of the first of them, over
 * `["mintline.token.1", first, ordinal]`. From the id and not from the cells again: that rows are identical
 * shows only when the whole file has been read, and then their cells are no longer at hand.
 */
export const repeatTokenId = (first: string, ordinal: number): string =>
  ordinal === 0 ? first : hashed([SCHEME, first, ordinal]);

const SCHEME = "mintline.token.1";

const hashed = (value: unknown): string =>
  BigInt(`0x${keccak256(toUtf8Bytes(JSON.stringify(value))).slice(-40)}`).toString();

/** Headers are one where they differ only in case, spaces, `_`, `-` and `.` (contract §4). */
export const foldHeader = (header: string): string => header.toLowerCase().replace(/[\s_.-]+/g, "");
