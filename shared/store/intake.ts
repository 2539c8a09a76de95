/**
 * Intake's statements. Where a batch stands is its offset and `intake_state`, which is text here and means
 * something only to intake. Every step moves them in one statement that names where it began, so that a step
 * done twice, by two at once, or for a batch that was stopped meanwhile, moves nothing the second time; what it
 * inserts is keyed, so that inserting it again changes nothing either.
 */
import * as z from "zod";
import { BATCH_KINDS, type BatchKind, BatchOptions, type Halted, Waiting } from "../job/batch.ts";
import { LIMITS } from "../limits.ts";
import { flag, json } from "./columns.ts";
import { type Db, type Statement, sql } from "./db.ts";

const IntakeRow = z.object({
  id: z.string(),
  target: z.string(),
  collection_id: z.number(),
  options: json(BatchOptions),
  source_key: z.string(),
  kind: z.enum(BATCH_KINDS),
  source_batch: z.string().nullable(),
  collection_published: flag,
  intake_offset: z.number(),
  intake_line: z.number(),
  intake_state: z.string().nullable(),
  rows_total: z.number(),
  rows_valid: z.number(),
  rows_invalid: z.number(),
  waiting: json(Waiting).nullable(),
});

/** A batch in `validating`, as one step of its intake finds it. */
export type IntakeBatch = {
  readonly id: string;
  readonly target: string;
  readonly collectionId: number;
  readonly options: BatchOptions;
  readonly sourceKey: string;
  readonly kind: BatchKind;
  /** Of a follow-up: the batch whose rows it is about. */
  readonly sourceId: string | null;
  /** As far as it was known before; the check says what it is now. */
  readonly collectionPublished: boolean;
  readonly rows: { readonly total: number; readonly valid: number; readonly invalid: number };
  readonly waiting: Waiting | null;
  readonly place: IntakePlace;
};

/** Where the next slice begins, and the state as it is stored; null: nothing has been done yet. */
export type IntakePlace = {
  readonly offset: number;
  readonly line: number;
  readonly state: string | null;
};

/** @returns null where there is nothing to do: no such batch, another target's, or not in `validating`. */
export async function readIntake(db: Db, target: string, batchId: string): Promise<IntakeBatch | null> {
  const { rows } = await db.run(
    sql(
      `SELECT ${Object.keys(IntakeRow.shape).join(", ")} FROM batches
       WHERE id = ?1 AND target = ?2 AND state = 'validating'`,
      batchId,
      target,
    ),
  );
  if (!rows[0]) return null;
  const row = IntakeRow.parse(rows[0]);
  return {
    id: row.id,
    target: row.target,
    collectionId: row.collection_id,
    options: row.options,
    sourceKey: row.source_key,
    kind: row.kind,
    sourceId: row.source_batch,
    collectionPublished: row.collection_published,
    rows: { total: row.rows_total, valid: row.rows_valid, invalid: row.rows_invalid },
    waiting: row.waiting,
    place: { offset: row.intake_offset, line: row.intake_line, state: row.intake_state },
  };
}

/** ?1 id, ?2 offset, ?3 state. */
export const STILL_THERE = "id = ?1 AND state = 'validating' AND intake_offset = ?2 AND intake_state IS ?3";
export const placeParams = ({ id, place }: IntakeBatch): [string, number, string | null] => [
  id,
  place.offset,
  place.state,
];

/**
 * A row as a member of the object that `insertJobs` takes. Everything but the args stands in the key, so that SQLite
 * takes a row apart without parsing it once more: as a list of four values the insert takes more than twice as long.
 * @param tokenId digits
 */
export const jobMember = (row: { line: number; tokenId: string; args: string }): string =>
  `"${String(row.line).padStart(LINE_DIGITS, "0")}${row.tokenId}":${row.args}`;

const LINE_DIGITS = 10;

/**
 * `rowsJson`: a JSON object of `jobMember`s, at most LIMITS.insertChars. Only while the batch stands where the slice
 * began: somebody slow must not put back a row that has since been taken out again.
 */
export const insertJobs = (batch: IntakeBatch, rowsJson: string, now: number): Statement =>
  sql(
    `INSERT INTO jobs (batch_id, line, token_id, args, args_hash, state_at)
     SELECT ?1, CAST(substr(v.key, 1, ${LINE_DIGITS}) AS INTEGER),
       substr(v.key, ${LINE_DIGITS + 1}), v.value, '', ?5
     FROM json_each(?4) v
     WHERE EXISTS (SELECT 1 FROM batches WHERE ${STILL_THERE})
     ON CONFLICT (batch_id, line) DO NOTHING`,
    ...placeParams(batch),
    rowsJson,
    now,
  );

export type RowErrorInput = {
  readonly line: number;
  readonly column: string;
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly next: string;
  readonly value: string | null;
};

/** In statements of at most LIMITS.insertBytes each: a page of repeated ids is more than one value of D1 may hold. */
export function insertRowErrors(batchId: string, errors: readonly RowErrorInput[]): Statement[] {
  const statements: Statement[] = [];
  let texts: string[] = [];
  let bytes = 0;
  const close = (): void => {
    if (texts.length > 0) statements.push(insertErrorTexts(batchId, `[${texts.join(",")}]`));
    [texts, bytes] = [[], 0];
  };
  for (const error of errors) {
    const text = JSON.stringify(error);
    const size = Buffer.byteLength(text) + 1;
    if (bytes + size > LIMITS.insertBytes) close();
    texts.push(text);
    bytes += size;
  }
  close();
  return statements;
}

const insertErrorTexts = (batchId: string, errorsJson: string): Statement =>
  sql(
    `INSERT INTO row_errors (batch_id, line, col, code, severity, message, next, value)
     SELECT ?1, v.value ->> 'line', v.value ->> 'column', v.value ->> 'code', v.value ->> 'severity',
       v.value ->> 'message', v.value ->> 'next', v.value ->> 'value' FROM json_each(?2) v WHERE true
     ON CONFLICT (batch_id, line, col, code) DO NOTHING`,
    batchId,
    errorsJson,
  );

/** What a step changes besides the place; counts are added. */
export type IntakeChange = {
  readonly to: IntakePlace;
  readonly now: number;
  readonly add?: { total: number; valid: number; invalid: number; warnings: number };
  readonly mapping?: { format: string; mapping: Readonly<Record<string, string>> };
  readonly waiting?: Waiting | null;
  readonly collectionPublished?: boolean;
};

/** Moves the batch from the place at which the step found it; see `moved`. */
export function moveIntake(batch: IntakeBatch, change: IntakeChange): Statement {
  const add = change.add ?? { total: 0, valid: 0, invalid: 0, warnings: 0 };
  const { waiting, mapping, collectionPublished: published } = change;
  return sql(
    `UPDATE batches SET intake_offset = ?4, intake_line = ?5, intake_state = ?6, intake_at = ?7,
       rows_total = rows_total + ?8, rows_valid = rows_valid + ?9, rows_invalid = rows_invalid + ?10,
       warnings = warnings + ?11, format = coalesce(?12, format), mapping = coalesce(?13, mapping),
       waiting = CASE WHEN ?14 THEN ?15 ELSE waiting END,
       collection_published = coalesce(?16, collection_published)
     WHERE ${STILL_THERE}`,
    ...placeParams(batch),
    change.to.offset,
    change.to.line,
    change.to.state,
    change.now,
    add.total,
    add.valid,
    add.invalid,
    add.warnings,
    mapping?.format ?? null,
    mapping ? JSON.stringify(mapping.mapping) : null,
    waiting === undefined ? 0 : 1,
    waiting ? JSON.stringify(waiting) : null,
    published === undefined ? null : Number(published),
  );
}

/** Statements in one transaction, the last of which moves the batch. @returns whether it still stood there. */
export async function recordStep(
  db: Db,
  statements: readonly Statement[],
  move: Statement,
): Promise<boolean> {
  const results = await db.batch([...statements, move]);
  return (results.at(-1)?.changes ?? 0) > 0;
}

/** What intake found out about the file stays: results are cut from it long after. */
const DONE = "json_object('phase', 'done', 'opening', intake_state -> '$.opening')";

/** Validation failed, or nothing is left to run: the end of this batch. */
export const endInvalid = (batch: IntakeBatch, now: number): Statement =>
  sql(
    `UPDATE batches SET state = 'invalid', finished_at = ?4, intake_state = ${DONE}, waiting = NULL, pending = 0
     WHERE ${STILL_THERE}`,
    ...placeParams(batch),
    now,
  );

/**
 * The account's fault, before the first write. The jobs are all there and count as `pending` from here on;
 * `resume` goes on with the intake where it stands.
 */
export const haltIntake = (batch: IntakeBatch, halted: Halted): Statement =>
  sql(
    `UPDATE batches SET state = 'halted', halted = ?4, waiting = NULL, run_epoch = run_epoch + 1,
       pending = rows_valid WHERE ${STILL_THERE}`,
    ...placeParams(batch),
    JSON.stringify(halted),
  );

export type Finish = {
  readonly now: number;
  readonly state: "planned" | "running" | "finished";
  readonly jobs: number;
  readonly unchanged: number;
  readonly trialLeft: number | null;
  readonly plan: string | null;
};

/** Intake is over: the counters are set, once and from what was counted. */
export const finishIntake = (batch: IntakeBatch, finish: Finish): Statement =>
  sql(
    `UPDATE batches SET state = ?4, intake_state = ${DONE}, waiting = NULL, intake_at = ?5,
       pending = ?6, completed = ?7, unchanged = ?7, trial_left = ?8, plan = ?9,
       started_at = CASE WHEN ?4 = 'planned' THEN NULL ELSE ?5 END,
       finished_at = CASE WHEN ?4 = 'finished' THEN ?5 END
     WHERE ${STILL_THERE}`,
    ...placeParams(batch),
    finish.state,
    finish.now,
    finish.jobs - finish.unchanged,
    finish.unchanged,
    finish.trialLeft,
    finish.plan,
  );

/** Lines behind `after` up to and with `through`. */
export type Lines = { readonly after: number; readonly through: number };

/** Pages of lines, because who reads a million rows at once keeps everybody else waiting for a second and more. */
export function* pagesOf({ place }: IntakeBatch, lines: number): Generator<Lines> {
  for (let after = 0; after < place.line; after += lines) yield { after, through: after + lines };
}

export type JobSum = { readonly jobs: number; readonly unchanged: number };

/** The jobs of these lines, and those of them that were found unchanged. */
export async function countJobs(db: Db, batch: IntakeBatch, { after, through }: Lines): Promise<JobSum> {
  const { rows } = await db.run(
    sql(
      `SELECT count(*) AS jobs, coalesce(sum(outcome = 'unchanged'), 0) AS unchanged FROM jobs
       WHERE batch_id = ?1 AND line > ?2 AND line <= ?3`,
      batch.id,
      after,
      through,
    ),
  );
  return { jobs: Number(rows[0]?.jobs ?? 0), unchanged: Number(rows[0]?.unchanged ?? 0) };
}
