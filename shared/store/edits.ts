/**
 * Changing what a dead job is to do. What it had before is kept, with who changed it and when; the file in R2 stays
 * as it was submitted.
 */
import * as z from "zod";
import { JobArgs, JobOutputs } from "../job/job.ts";
import { LIMITS } from "../limits.ts";
import { json } from "./columns.ts";
import { type Db, type Statement, sql } from "./db.ts";

/** By header as the file has it, as text; `value`: of a file of JSON, what the text was. */
export const CellChanges = z.record(
  z.string(),
  z.object({ from: z.string(), to: z.string(), value: z.json().optional() }),
);
export type CellChanges = z.infer<typeof CellChanges>;

const LetterPlaceRow = z.object({
  id: z.number(),
  batch_id: z.string(),
  line: z.number(),
  token_id: z.string(),
});
/** An open letter, as a patch looks for it. */
export type FoundLetter = z.infer<typeof LetterPlaceRow>;

/** Open letters by line or by token id, in one batch or in all. Values that stand in several batches find several. */
export async function findLetters(
  db: Db,
  given: {
    target: string;
    batchId: string | null;
    by: "line" | "token_id";
    values: readonly (string | number)[];
  },
): Promise<FoundLetter[]> {
  const { rows } = await db.run(
    sql(
      `SELECT d.id, d.batch_id, d.line, d.token_id FROM dead_letters d
       WHERE d.target = ? AND d.state = 'open'${given.batchId === null ? "" : " AND d.batch_id = ?"}
         AND d.${given.by} IN (SELECT value FROM json_each(?))`,
      given.target,
      ...(given.batchId === null ? [] : [given.batchId]),
      JSON.stringify(given.values),
    ),
  );
  return rows.map((row) => LetterPlaceRow.parse(row));
}

const bit = z.number().transform((value) => value !== 0);

const EditableRow = z.object({
  letter_id: z.number(),
  batch_id: z.string(),
  line: z.number(),
  token_id: z.string(),
  args: json(JobArgs),
  args_text: z.string(),
  outputs: json(JobOutputs).nullable(),
  /** Something of ours may stand upstream under the token id. */
  may_be_made: bit,
  /** The edits so far, the oldest first. */
  edits: json(z.array(CellChanges)),
});
export type EditableRow = z.infer<typeof EditableRow>;

/** The dead jobs behind letters, in the order of their lines; those that are not dead any more are left out. */
export async function readEditable(db: Db, letterIds: readonly number[]): Promise<EditableRow[]> {
  const { rows } = await db.run(
    sql(
      `SELECT d.id AS letter_id, d.batch_id, d.line, j.token_id, j.args, j.args AS args_text, j.outputs,
         coalesce(j.outputs ->> '$.token', '') <> '' OR coalesce(j.outputs ->> '$.sent', 0) OR j.rescues > 0
           OR coalesce(m.owned, 0) OR coalesce(m.sent, 0)
           OR EXISTS (SELECT 1 FROM json_each(coalesce(j.attempts, '[]')) a WHERE a.value ->> 'outcome' = 'lost')
           AS may_be_made,
         (SELECT json_group_array(json(e.cells)) FROM (SELECT cells FROM edits
           WHERE batch_id = d.batch_id AND line = d.line ORDER BY id) e) AS edits
       FROM json_each(?1) x
       CROSS JOIN dead_letters d ON d.id = x.value
       CROSS JOIN jobs j ON j.batch_id = d.batch_id AND j.line = d.line
       CROSS JOIN batches b ON b.id = d.batch_id
       LEFT JOIN manifest m ON m.target = b.target AND m.collection_id = b.collection_id AND m.token_id = j.token_id
       WHERE d.state = 'open' AND j.state = 'dead' ORDER BY d.batch_id, d.line`,
      JSON.stringify(letterIds),
    ),
  );
  return rows.map((row) => EditableRow.parse(row));
}

/** Which of these token ids stand in the batch, and on which line. There is no index on tokens: reads the batch. */
export async function findTokens(
  db: Db,
  batchId: string,
  tokenIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (tokenIds.length === 0) return new Map();
  const { rows } = await db.run(
    sql(
      "SELECT token_id, line FROM jobs WHERE batch_id = ?1 AND token_id IN (SELECT value FROM json_each(?2))",
      batchId,
      JSON.stringify(tokenIds),
    ),
  );
  return new Map(rows.map(({ token_id, line }) => [String(token_id), Number(line)]));
}

/** A row as it is to be from now on. `args` and `outputs` are JSON. */
export type EditedRow = {
  readonly letterId: number;
  readonly batchId: string;
  readonly line: number;
  readonly cells: CellChanges;
  readonly tokenBefore: string;
  readonly argsBefore: string;
  readonly tokenId: string;
  readonly args: string;
  readonly outputs: string | null;
};

/**
 * All of them in one transaction. A job that is not dead any more, or was edited meanwhile, stays as it is.
 * @returns how many were changed.
 */
export async function editJobs(
  db: Db,
  given: { rows: readonly EditedRow[]; target: string; by: string; now: number },
): Promise<number> {
  const pieces = piecesOf(given.rows);
  const results = await db.batch(pieces.flatMap((piece) => editPiece(piece, given)));
  return results.reduce((sum, { changes }, index) => (index % STATEMENTS === 0 ? sum + changes : sum), 0);
}

/** JSON arrays of at most what one value of D1 may hold. */
function piecesOf(rows: readonly EditedRow[]): string[] {
  const pieces: string[] = [];
  let texts: string[] = [];
  let bytes = 0;
  for (const { args, outputs, ...row } of rows) {
    const text = `${JSON.stringify(row).slice(0, -1)},"outputs":${outputs ?? "null"},"args":${args}}`;
    const size = Buffer.byteLength(text) + 1;
    if (texts.length > 0 && bytes + size > LIMITS.insertBytes) {
      pieces.push(`[${texts.join(",")}]`);
      [texts, bytes] = [[], 0];
    }
    texts.push(text);
    bytes += size;
  }
  return texts.length > 0 ? [...pieces, `[${texts.join(",")}]`] : pieces;
}

/**
 * ?1 rows. What may be edited still: dead with an open letter, as it was read, and no other row of its batch has the
 * token id that it is to get.
 */
const EDITABLE = `
  FROM json_each(?1) v
  CROSS JOIN dead_letters d ON d.id = v.value ->> 'letterId'
  CROSS JOIN jobs j ON j.batch_id = v.value ->> 'batchId' AND j.line = v.value ->> 'line'
  CROSS JOIN batches b ON b.id = j.batch_id
  WHERE d.state = 'open' AND j.state = 'dead' AND b.state <> 'cancelled' AND j.args = v.value ->> 'argsBefore'
    AND j.token_id = v.value ->> 'tokenBefore'
    AND (v.value ->> 'tokenId' = j.token_id
      OR (j.batch_id, v.value ->> 'tokenId') NOT IN (SELECT o.batch_id, o.token_id FROM jobs o
        WHERE o.batch_id IN (SELECT w.value ->> 'batchId' FROM json_each(?1) w)))`;
const IS_OTHER_TOKEN = "v.value ->> 'tokenId' <> j.token_id";

/** How many statements a piece is; the first tells how many rows it edits. */
const STATEMENTS = 5;

/**
 * The job goes last, because all others ask what it was. One that becomes another token's is that token's from the
 * first claim on: nothing of the old one counts for it, and the manifest no longer points from there to it. The new
 * id is noted as touched, so that the first claim looks: nobody has listed it when the batch was validated.
 */
function editPiece(
  rows: string,
  { target, by, now }: { target: string; by: string; now: number },
): Statement[] {
  return [
    sql(
      `INSERT INTO edits (target, batch_id, line, letter_id, edited_at, edited_by, cells, args, token_id)
       SELECT ?2, j.batch_id, j.line, d.id, ?3, ?4, v.value -> 'cells', j.args, j.token_id ${EDITABLE}`,
      rows,
      target,
      now,
      by,
    ),
    sql(
      `UPDATE manifest SET batch_id = '', line = 0
       WHERE (target, collection_id, token_id, batch_id, line) IN (
         SELECT b.target, b.collection_id, j.token_id, j.batch_id, j.line ${EDITABLE} AND ${IS_OTHER_TOKEN})`,
      rows,
    ),
    sql(
      `INSERT INTO manifest (target, collection_id, token_id, batch_id, line)
       SELECT b.target, b.collection_id, v.value ->> 'tokenId', '', 0 ${EDITABLE} AND ${IS_OTHER_TOKEN}
       ON CONFLICT (target, collection_id, token_id) DO NOTHING`,
      rows,
    ),
    sql(
      `UPDATE dead_letters SET token_id = e.token_id, name = e.name
       FROM (SELECT d.id, v.value ->> 'tokenId' AS token_id, v.value ->> '$.args.token.name' AS name ${EDITABLE}) e
       WHERE dead_letters.id = e.id`,
      rows,
    ),
    sql(
      `UPDATE jobs SET token_id = e.token_id, args = e.args, outputs = nullif(e.outputs, 'null'),
         claims = CASE WHEN jobs.token_id = e.token_id THEN jobs.claims ELSE 0 END, state_at = ?2
       FROM (SELECT j.batch_id, j.line, v.value ->> 'tokenId' AS token_id, v.value -> 'args' AS args,
           v.value -> 'outputs' AS outputs ${EDITABLE}) e
       WHERE jobs.batch_id = e.batch_id AND jobs.line = e.line`,
      rows,
      now,
    ),
  ];
}

const EditRow = z.object({
  edited_at: z.number(),
  edited_by: z.string(),
  cells: json(CellChanges),
  token_id: z.string(),
});
export type EditRow = z.infer<typeof EditRow>;

/** The audit entries of one row, the oldest first. */
export async function listEdits(db: Db, key: { batchId: string; line: number }): Promise<EditRow[]> {
  const { rows } = await db.run(
    sql(
      "SELECT edited_at, edited_by, cells, token_id FROM edits WHERE batch_id = ?1 AND line = ?2 ORDER BY id",
      key.batchId,
      key.line,
    ),
  );
  return rows.map((row) => EditRow.parse(row));
}
