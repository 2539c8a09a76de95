/** The rows of a file in its order, as they were submitted, some thousand at a time. */
import { type FileRecord, isBlank } from "../../../shared/intake/records.ts";
import { readSlice } from "../../../shared/intake/slices.ts";
import { type ByteSource, clipped } from "../../../shared/intake/source.ts";
import { MB } from "../../../shared/limits.ts";
import type { ResultOpening } from "./open.ts";
import type { SourceRow } from "./writer.ts";

/** Asked of D1 at one go: enough that a million rows are some hundred questions, few enough to hold. */
const GROUP_ROWS = 2_000;
const GROUP_BYTES = 1 * MB;

/** Groups of rows; blank records are none. Never more than a slice and a group in memory. */
export async function* rowGroups(source: ByteSource, opening: ResultOpening): AsyncGenerator<SourceRow[]> {
  const rows = kept(clipped(source, opening.end));
  let group: SourceRow[] = [];
  let from = opening.rows.offset;
  for (let at = opening.rows; at.offset < rows.size; ) {
    for await (const { records, next } of readSlice(rows, at, opening.dialect)) {
      group.push(...(await withBytes(rows, records)));
      if (group.length >= GROUP_ROWS || next.offset - from >= GROUP_BYTES) {
        yield group;
        group = [];
        from = next.offset;
      }
      at = next;
    }
  }
  if (group.length > 0) yield group;
}

async function withBytes(source: ByteSource, records: readonly FileRecord[]): Promise<SourceRow[]> {
  const [first, last] = [records[0], records.at(-1)];
  if (!first || !last) return [];
  const bytes = await source.read(first.start, last.end - first.start);
  return records.flatMap((record) =>
    isBlank(record)
      ? []
      : { record, bytes: bytes.subarray(record.start - first.start, record.end - first.start) },
  );
}

/** The bytes of a piece lie in the slice that was just read: asked for again, they cost no second request. */
function kept(source: ByteSource): ByteSource {
  let last: { offset: number; bytes: Uint8Array } = { offset: 0, bytes: new Uint8Array() };
  return {
    size: source.size,
    async read(offset, length) {
      const from = offset - last.offset;
      if (from >= 0 && from + length <= last.bytes.length) return last.bytes.subarray(from, from + length);
      last = { offset, bytes: await source.read(offset, length) };
      return last.bytes;
    },
  };
}
