/** Reading a file record by record, in ranges, from any position where a record begins. */
import { LIMITS } from "../limits.ts";
import { readJsonList } from "./json-list.ts";
import { type Dialect, type JsonDialect, type Piece, type Position, readRecords } from "./records.ts";
import type { ByteSource } from "./source.ts";

/** Parsed at one go; a function, because it may become another size on the way. */
export type PieceBytes = () => number;
const ONE_SIZE: PieceBytes = () => LIMITS.intakeBites.bytes;

/**
 * The records of one slice, piece by piece. Ends where the slice cuts a record, or at the end of the file; the
 * last piece's `next` says where the next slice begins. A record longer than the slice makes the slice grow.
 */
export async function* readSlice(
  source: ByteSource,
  at: Position,
  dialect: Dialect,
  sliceBytes: number = LIMITS.sliceBytes,
  pieceBytes: PieceBytes = ONE_SIZE,
): AsyncGenerator<Piece> {
  if (dialect.syntax === "json") return yield* readListSlice(source, at, dialect, sliceBytes);
  for (let want = sliceBytes; at.offset < source.size; want *= 2) {
    const bytes = await source.read(at.offset, want);
    const atEnd = at.offset + bytes.length >= source.size;
    let moved = false;
    for (const piece of readPieces(bytes, at, dialect, atEnd, pieceBytes)) {
      moved = true;
      yield toEnd(piece, source);
    }
    if (moved || atEnd) return;
  }
}

const toEnd = (piece: Piece, source: ByteSource): Piece =>
  piece.over ? { ...piece, next: { ...piece.next, offset: source.size } } : piece;

/** A JSON list has at most LIMITS.jsonFileBytes, so the rest of it is read at once and left after a slice. */
async function* readListSlice(
  source: ByteSource,
  at: Position,
  dialect: JsonDialect,
  sliceBytes: number,
): AsyncGenerator<Piece> {
  const bytes = await source.read(at.offset, source.size - at.offset);
  const limits = { maxChars: LIMITS.recordChars, pieceChars: Math.min(LIMITS.intakeBites.bytes, sliceBytes) };
  for (const piece of readJsonList(bytes, at, dialect, limits)) {
    yield toEnd(piece, source);
    if (piece.next.offset - at.offset >= sliceBytes) return;
  }
}

/** The same for bytes of CSV or JSON Lines in hand. Pure. */
export function* readPieces(
  bytes: Uint8Array,
  at: Position,
  dialect: Dialect,
  atEnd: boolean,
  pieceBytes: PieceBytes = ONE_SIZE,
): Generator<Piece> {
  let position = at;
  for (let size = pieceBytes(); ; ) {
    const from = position.offset - at.offset;
    const reachesEnd = from + size >= bytes.length;
    const piece = readRecords(bytes.subarray(from, from + size), position, dialect, atEnd && reachesEnd);
    if (piece.next.offset > position.offset) {
      yield piece;
      if (piece.over) return;
      position = piece.next;
      size = pieceBytes();
    } else if (reachesEnd) return;
    else size *= 2;
  }
}
