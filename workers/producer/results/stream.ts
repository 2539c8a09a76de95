/**
 * One result file as it is sent: the rows of the submitted file that belong to it, read again slice by slice and
 * joined with what became of them by ranges of lines. Memory does not grow with the file.
 */
import type { ColumnPlan } from "../../../shared/intake/columns.ts";
import type { ByteSource } from "../../../shared/intake/source.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { publicTokenUrl } from "../../../shared/sequence/addresses.ts";
import { type Outcomes, type ResultBatch, readOutcomes } from "../../../shared/store/results.ts";
import type { ProducerContext } from "../context.ts";
import { csvWriter } from "./csv-writer.ts";
import { markOf } from "./encode.ts";
import { jsonWriter } from "./json-writer.ts";
import type { ResultOpening } from "./open.ts";
import { rowGroups } from "./rows.ts";
import { addedOf, type ResultKind, STATES_OF, standingIn } from "./standing.ts";
import { ownTokenId } from "./token-ids.ts";
import type { SourceRow, Writer } from "./writer.ts";

export type ResultFile = {
  readonly batch: ResultBatch;
  readonly source: ByteSource;
  readonly opening: ResultOpening;
  /** Null where nobody can tell what its columns mean. */
  readonly plan: ColumnPlan | null;
  /** Byte offset: rows that begin before it were validated. */
  readonly validatedTo: number;
  readonly idsAreFinal: boolean;
};

type Context = Pick<ProducerContext, "db" | "config">;

export async function writerOf(source: ByteSource, opening: ResultOpening): Promise<Writer> {
  const { dialect, head } = opening;
  if (dialect.syntax !== "csv") return jsonWriter(dialect, markOf(await source.read(0, 3), dialect.encoding));
  const above = await source.read(0, head.end);
  return csvWriter({
    dialect,
    preamble: above.subarray(0, head.start),
    header: above.subarray(head.start),
    columns: opening.header.cells.length,
  });
}

/** In pieces of about a group of rows each. Throws where R2 or D1 fails: a result that is cut off must not look whole. */
export async function* resultPieces(
  ctx: Context,
  file: ResultFile,
  kind: ResultKind,
  writer: Writer,
): AsyncGenerator<Uint8Array> {
  yield Buffer.concat(writer.head);
  const pass = { ctx, file, kind, writer, written: 0, putOff: false };
  yield* rowsOf(pass, false);
  // The file once more rather than these rows in memory: there may be any number of them.
  if (pass.putOff) yield* rowsOf(pass, true);
  yield Buffer.concat(writer.tail);
}

type Pass = {
  readonly ctx: Context;
  readonly file: ResultFile;
  readonly kind: ResultKind;
  readonly writer: Writer;
  written: number;
  /** Rows that must come last were met. */
  putOff: boolean;
};

async function* rowsOf(pass: Pass, last: boolean): AsyncGenerator<Uint8Array> {
  const { file, writer } = pass;
  let index = 0;
  for await (const group of rowGroups(file.source, file.opening)) {
    const outcomes = await outcomesOf(pass, group);
    const pieces: Uint8Array[] = [];
    for (const row of group) {
      const written = writeRow(pass, row, { outcomes, index });
      index += 1;
      if (written === null) continue;
      if (writer.mustComeLast(row.record) !== last) pass.putOff ||= !last;
      else {
        pass.written += 1;
        pieces.push(...written);
        if (isEndless(row)) yield* rest(file, pieces.splice(0), row);
      }
    }
    if (pieces.length > 0) yield Buffer.concat(pieces);
  }
}

function outcomesOf({ ctx, file, kind }: Pass, group: readonly SourceRow[]): Promise<Outcomes> {
  const [first, last] = [group[0]?.record.line ?? 0, group.at(-1)?.record.line ?? 0];
  return readOutcomes(ctx.db, { batchId: file.batch.id, first, last, states: STATES_OF[kind] });
}

/** @returns null where the row belongs to another of the three files. */
function writeRow(
  { ctx, file, kind, writer, written }: Pass,
  row: SourceRow,
  { outcomes, index }: { outcomes: Outcomes; index: number },
): readonly Uint8Array[] | null {
  const { record } = row;
  const standing = standingIn(kind, record, outcomes, file.validatedTo);
  if (standing === null) return null;
  const urlOf = (tokenId: string): string | null => publicUrl(ctx, file.batch, tokenId);
  const { batch, opening, plan, idsAreFinal } = file;
  const ownId = ownTokenId(record, index, { headers: opening.header.cells, plan, options: batch.options });
  const added = addedOf(standing, { line: record.line, ownId, idsAreFinal, urlOf });
  return writer.row(row, added, written === 0);
}

/** A token is public only while its collection is. */
const publicUrl = ({ config }: Context, batch: ResultBatch, tokenId: string): string | null =>
  batch.collection_published
    ? publicTokenUrl(config.metadataUrl, config.projectId, batch.collection_id, tokenId)
    : null;

/** A line without an end: it was read no further, so the rest of the file is its. */
const isEndless = ({ record }: SourceRow): boolean => record.kind === "refused" && record.fault === "endless";

/** @param pieces end with the row as far as it was read, and what is added to it. */
async function* rest(
  { source, opening }: ResultFile,
  pieces: readonly Uint8Array[],
  { record }: SourceRow,
): AsyncGenerator<Uint8Array> {
  const added = pieces.slice(-2);
  yield Buffer.concat(pieces.slice(0, -2));
  for (let at = record.end; at < opening.end; at += LIMITS.sliceBytes) {
    yield await source.read(at, Math.min(LIMITS.sliceBytes, opening.end - at));
  }
  yield Buffer.concat(added);
}
