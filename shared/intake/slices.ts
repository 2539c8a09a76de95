/** Reading a file record by record, in ranges, from any position where a record begins. */
import { KB, LIMITS } from "../limits.ts";
import { type Dialect, type Piece, type Position, readRecords } from "./records.ts";
import type { ByteSource } from "./source.ts";

/** Parsed at one go: about a thousand rows, so that others in the isolate get their turn between two. */
const PIECE_BYTES = 64 * KB;

/**
 * The records of one slice, piece by piece. Ends where the slice cuts a record, or at the end of the file; the
 * last piece's `next` says where the next slice begins. A record longer than the slice makes the slice grow.
 */
export async function* readSlice(
  source: ByteSource,
  at: Position,
  dialect: Dialect,
  sliceBytes: number = LIMITS.sliceBytes,
): AsyncGenerator<Piece> {
  for (let want = sliceBytes; at.offset < source.size; want *= 2) {
    const bytes = await source.read(at.offset, want);
    const atEnd = at.offset + bytes.length >= source.size;
    let moved = false;
    for (const piece of readPieces(bytes, at, dialect, atEnd)) {
      moved = true;
      yield piece.over ? { ...piece, next: { ...piece.next, offset: source.size } } : piece;
    }
    if (moved || atEnd) return;
  }
}

/** The same for bytes in hand. Pure. */
export function* readPieces(
  bytes: Uint8Array,
  at: Position,
  dialect: Dialect,
  atEnd: boolean,
  pieceBytes: number = PIECE_BYTES,
): Generator<Piece> {
  let position = at;
  for (let size = pieceBytes; ; ) {
    const from = position.offset - at.offset;
    const reachesEnd = from + size >= bytes.length;
    const piece = readRecords(bytes.subarray(from, from + size), position, dialect, atEnd && reachesEnd);
    if (piece.next.offset > position.offset) {
      yield piece;
      if (piece.over) return;
      position = piece.next;
      size = pieceBytes;
    } else if (reachesEnd) return;
    else size *= 2;
  }
}
