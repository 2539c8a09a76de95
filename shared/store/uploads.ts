/**
 * Files that come in parts. Each statement names the state it expects: a part may come twice, an end may be said
 * twice, and the sweep may give up at any time, so whoever comes too late changes nothing.
 */
import * as z from "zod";
import type { ReceivingBatch } from "./batch-receive.ts";
import { type Db, sql } from "./db.ts";

export const UploadRow = z.object({
  id: z.string(),
  state: z.enum(["open", "completed", "moved"]),
  bytes: z.number().nullable(),
  sha256: z.string().nullable(),
  part_bytes: z.number(),
  object_key: z.string(),
  multipart_id: z.string(),
  created_at: z.number(),
});
export type UploadRow = z.infer<typeof UploadRow>;

const COLUMNS = Object.keys(UploadRow.shape).join(", ");

const PartRow = z.object({ number: z.number(), bytes: z.number(), etag: z.string() });
export type PartRow = z.infer<typeof PartRow>;

export type NewUpload = {
  readonly id: string;
  readonly target: string;
  /** As announced; null: not said. */
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly partBytes: number;
  readonly objectKey: string;
  readonly multipartId: string;
  readonly now: number;
};

export async function insertUpload(db: Db, upload: NewUpload): Promise<void> {
  await db.run(
    sql(
      `INSERT INTO uploads (id, target, bytes, sha256, part_bytes, object_key, multipart_id, created_at, touched_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8) ON CONFLICT (id) DO NOTHING`,
      upload.id,
      upload.target,
      upload.bytes,
      upload.sha256,
      upload.partBytes,
      upload.objectKey,
      upload.multipartId,
      upload.now,
    ),
  );
}

export async function readUpload(db: Db, target: string, id: string): Promise<UploadRow | null> {
  const { rows } = await db.run(
    sql(`SELECT ${COLUMNS} FROM uploads WHERE id = ?1 AND target = ?2 AND state <> 'dropped'`, id, target),
  );
  return rows[0] ? UploadRow.parse(rows[0]) : null;
}

/** An upload of the same content that can be gone on with, or is whole already. */
export async function findUpload(
  db: Db,
  content: { target: string; sha256: string; bytes: number },
): Promise<UploadRow | null> {
  const { rows } = await db.run(
    sql(
      `SELECT ${COLUMNS} FROM uploads
       WHERE target = ?1 AND sha256 = ?2 AND bytes = ?3 AND state IN ('open', 'completed')
       ORDER BY state, id LIMIT 1`,
      content.target,
      content.sha256,
      content.bytes,
    ),
  );
  return rows[0] ? UploadRow.parse(rows[0]) : null;
}

export async function listParts(db: Db, uploadId: string): Promise<PartRow[]> {
  const { rows } = await db.run(
    sql("SELECT number, bytes, etag FROM upload_parts WHERE upload_id = ?1 ORDER BY number", uploadId),
  );
  return rows.map((row) => PartRow.parse(row));
}

/** A part that R2 has taken; one of the same number before it is replaced. @returns false: not open any more. */
export async function recordPart(db: Db, uploadId: string, part: PartRow, now: number): Promise<boolean> {
  const [, touched] = await db.batch([
    sql(
      `INSERT INTO upload_parts (upload_id, number, bytes, etag)
       SELECT id, ?2, ?3, ?4 FROM uploads WHERE id = ?1 AND state = 'open'
       ON CONFLICT (upload_id, number) DO UPDATE SET bytes = excluded.bytes, etag = excluded.etag`,
      uploadId,
      part.number,
      part.bytes,
      part.etag,
    ),
    sql("UPDATE uploads SET touched_at = ?2 WHERE id = ?1 AND state = 'open'", uploadId, now),
  ]);
  return (touched?.changes ?? 0) > 0;
}

/** R2 does not know them as they are recorded: all of them must come again. */
export async function forgetParts(db: Db, uploadId: string): Promise<void> {
  await db.run(sql("DELETE FROM upload_parts WHERE upload_id = ?1", uploadId));
}

/** The bytes are whole, counted and hashed. */
export async function completeUpload(
  db: Db,
  whole: { id: string; bytes: number; sha256: string; now: number },
): Promise<void> {
  await db.run(
    sql(
      `UPDATE uploads SET state = 'completed', bytes = ?2, sha256 = ?3, touched_at = ?4
       WHERE id = ?1 AND state = 'open'`,
      whole.id,
      whole.bytes,
      whole.sha256,
      whole.now,
    ),
  );
}

/** The bytes lie under their hash now. @returns whether the object may go: no batch reads it. */
export async function moveUpload(db: Db, id: string, now: number): Promise<boolean> {
  const { changes } = await db.run(
    sql(
      "UPDATE uploads SET state = 'moved', touched_at = ?2 WHERE id = ?1 AND state = 'completed' AND used = 0",
      id,
      now,
    ),
  );
  return changes > 0;
}

/** From now on nobody finds it; its bytes are the caller's to take away, and its row after them. */
export async function dropUpload(db: Db, id: string): Promise<void> {
  await db.run(sql("UPDATE uploads SET state = 'dropped' WHERE id = ?1 AND used = 0", id));
}

export async function deleteUpload(db: Db, id: string): Promise<void> {
  await db.batch([
    sql("DELETE FROM upload_parts WHERE upload_id = ?1", id),
    sql("DELETE FROM uploads WHERE id = ?1", id),
  ]);
}

export type StaleUpload = {
  readonly id: string;
  readonly objectKey: string;
  readonly multipartId: string;
  /** A batch reads the object: only the row goes. */
  readonly used: boolean;
};

/** Uploads that nobody has touched for long, now out of reach, and what an earlier sweep did not finish. */
export async function dropStaleUploads(
  db: Db,
  given: { target: string; before: number; limit: number },
): Promise<StaleUpload[]> {
  const { rows } = await db.run(
    sql(
      `UPDATE uploads SET state = 'dropped'
       WHERE id IN (SELECT id FROM uploads WHERE touched_at <= ?2 AND target = ?1 LIMIT ?3)
       RETURNING id, object_key, multipart_id, used`,
      given.target,
      given.before,
      given.limit,
    ),
  );
  return rows.map((row) => ({
    id: String(row.id),
    objectKey: String(row.object_key),
    multipartId: String(row.multipart_id),
    used: row.used === 1,
  }));
}

export type UploadedBatch = Omit<ReceivingBatch, "sourceKey"> & {
  readonly uploadId: string;
  readonly idempotencyKey: string | null;
  readonly fingerprint: string;
};

/**
 * A batch whose file is here already: in `validating` at once, unless another batch holds the idempotency key or
 * the upload has gone. Several batches may read one upload; from the first on its object is theirs.
 * @returns whether the batch is there.
 */
export async function insertUploadedBatch(db: Db, batch: UploadedBatch): Promise<boolean> {
  const [, used] = await db.batch([
    sql(
      `INSERT INTO batches (id, target, name, state, collection_id, options, idempotency_key, fingerprint,
         source_key, source_bytes, source_sha256, intake_at, created_at)
       SELECT ?1, ?2, ?3, 'validating', ?4, ?5, ?6, ?7, u.object_key, u.bytes, u.sha256, ?8, ?8
       FROM uploads u WHERE u.id = ?9 AND u.target = ?2 AND u.state = 'completed'
         AND (?6 IS NULL OR NOT EXISTS (SELECT 1 FROM batches WHERE target = ?2 AND idempotency_key = ?6))
       ON CONFLICT (id) DO NOTHING`,
      batch.id,
      batch.target,
      batch.name,
      batch.collectionId,
      JSON.stringify(batch.options),
      batch.idempotencyKey,
      batch.fingerprint,
      batch.now,
      batch.uploadId,
    ),
    sql(
      `UPDATE uploads SET used = 1, touched_at = ?3
       WHERE id = ?1 AND EXISTS (SELECT 1 FROM batches WHERE id = ?2)`,
      batch.uploadId,
      batch.id,
      batch.now,
    ),
  ]);
  return (used?.changes ?? 0) > 0;
}
