/**
 * The first two steps of a batch's life: written down before its file comes in, handed to intake after.
 * The idempotency key is written only with the second, when the body's hash is known. So a key never stands
 * for an unfinished upload, and a race between two equal submissions is decided by one statement.
 */
import type { BatchOptions } from "../job/batch.ts";
import { type Db, sql } from "./db.ts";

export type ReceivingBatch = {
  readonly id: string;
  readonly target: string;
  readonly name: string;
  readonly collectionId: number;
  readonly options: BatchOptions;
  readonly sourceKey: string;
  readonly now: number;
};

export type ReceivedFile = {
  readonly id: string;
  readonly target: string;
  readonly idempotencyKey: string | null;
  /** SHA-256, hex, over query and body: the same submission has the same. */
  readonly fingerprint: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly now: number;
};

export async function insertReceiving(db: Db, batch: ReceivingBatch): Promise<void> {
  await db.run(
    sql(
      `INSERT INTO batches (id, target, name, state, collection_id, options, fingerprint, source_key, created_at)
       VALUES (?1, ?2, ?3, 'receiving', ?4, ?5, '', ?6, ?7) ON CONFLICT (id) DO NOTHING`,
      batch.id,
      batch.target,
      batch.name,
      batch.collectionId,
      JSON.stringify(batch.options),
      batch.sourceKey,
      batch.now,
    ),
  );
}

/**
 * From `receiving` to `validating`, unless another batch holds the idempotency key.
 * @returns false where nothing was changed: the key is another's, or the batch was cancelled meanwhile.
 */
export async function finishReceiving(db: Db, file: ReceivedFile): Promise<boolean> {
  const { rows } = await db.run(
    sql(
      `UPDATE batches SET state = 'validating', idempotency_key = ?3, fingerprint = ?4, source_bytes = ?5,
         source_sha256 = ?6, intake_at = ?7
       WHERE id = ?1 AND target = ?2 AND state = 'receiving'
         AND (?3 IS NULL OR NOT EXISTS (SELECT 1 FROM batches WHERE target = ?2 AND idempotency_key = ?3))
       RETURNING id`,
      file.id,
      file.target,
      file.idempotencyKey,
      file.fingerprint,
      file.bytes,
      file.sha256,
      file.now,
    ),
  );
  return rows.length > 0;
}

/** Forgets a batch whose file never came in whole, or came in twice. Nothing hangs on it yet. */
export async function dropReceiving(db: Db, id: string): Promise<void> {
  await db.run(sql("DELETE FROM batches WHERE id = ?1 AND state = 'receiving'", id));
}

/**
 * Batches whose upload nobody can finish any more, with the keys of what may have come in of it. Begun so long ago
 * that no request lasts that long, or before this process began: its connection ended with the one before.
 */
export async function listAbandoned(
  db: Db,
  given: { target: string; before: number; startedAt: number; limit: number },
): Promise<{ id: string; sourceKey: string }[]> {
  const { rows } = await db.run(
    sql(
      `SELECT id, source_key FROM batches
       WHERE target = ?1 AND state = 'receiving' AND (created_at <= ?2 OR created_at < ?3) LIMIT ?4`,
      given.target,
      given.before,
      given.startedAt,
      given.limit,
    ),
  );
  return rows.map((row) => ({ id: String(row.id), sourceKey: String(row.source_key) }));
}
