/** Media sets: the names that people give to bytes. The bytes rest in R2 under their hash (`shared/media`). */
import * as z from "zod";
import { type Db, sql } from "./db.ts";

export const MediaFileRow = z.object({
  file_name: z.string(),
  sha256: z.string(),
  bytes: z.number(),
  content_type: z.string(),
});
export type MediaFileRow = z.infer<typeof MediaFileRow>;

export type MediaFileKey = { readonly target: string; readonly set: string; readonly fileName: string };

/** Gives the name to these bytes, whatever it named before. */
export async function putMediaFile(
  db: Db,
  key: MediaFileKey,
  file: { sha256: string; bytes: number; contentType: string; now: number },
): Promise<void> {
  await db.run(
    sql(
      `INSERT INTO media_files (target, set_name, file_name, sha256, bytes, content_type, created_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
       ON CONFLICT (target, set_name, file_name) DO UPDATE SET
         sha256 = excluded.sha256, bytes = excluded.bytes, content_type = excluded.content_type,
         created_at = excluded.created_at`,
      key.target,
      key.set,
      key.fileName,
      file.sha256,
      file.bytes,
      file.contentType,
      file.now,
    ),
  );
}

/**
 * Gives names to bytes that some file of this target already has, whatever each named before.
 * @param filesJson a JSON array of `{fileName, sha256}`; hashes that nobody has are left out.
 * @returns the files that are named now.
 */
export async function nameKnownMedia(
  db: Db,
  given: { target: string; set: string; filesJson: string; now: number },
): Promise<MediaFileRow[]> {
  const { rows } = await db.run(
    sql(
      `WITH wanted AS MATERIALIZED (
         SELECT v.value ->> 'fileName' AS file_name, v.value ->> 'sha256' AS sha256,
           (SELECT json_array(k.bytes, k.content_type) FROM media_files k
            WHERE k.target = ?1 AND k.sha256 = v.value ->> 'sha256' LIMIT 1) AS known
         FROM json_each(?3) v)
       INSERT INTO media_files (target, set_name, file_name, sha256, bytes, content_type, created_at)
       SELECT ?1, ?2, file_name, sha256, known ->> 0, known ->> 1, ?4 FROM wanted WHERE known IS NOT NULL
       ON CONFLICT (target, set_name, file_name) DO UPDATE SET
         sha256 = excluded.sha256, bytes = excluded.bytes, content_type = excluded.content_type,
         created_at = excluded.created_at
       RETURNING file_name, sha256, bytes, content_type`,
      given.target,
      given.set,
      given.filesJson,
      given.now,
    ),
  );
  return rows.map((row) => MediaFileRow.parse(row));
}

/**
 * Takes the name away. The bytes stay: another name, or a job that was bound to them, may need them.
 * @returns whether there was such a name.
 */
export async function deleteMediaFile(db: Db, key: MediaFileKey): Promise<boolean> {
  const { rows } = await db.run(
    sql(
      "DELETE FROM media_files WHERE target = ?1 AND set_name = ?2 AND file_name = ?3 RETURNING file_name",
      key.target,
      key.set,
      key.fileName,
    ),
  );
  return rows.length > 0;
}

/** A set is there once a file is in it: it has no row of its own. */
export async function hasMediaSet(db: Db, target: string, set: string): Promise<boolean> {
  const { rows } = await db.run(
    sql("SELECT 1 FROM media_files WHERE target = ?1 AND set_name = ?2 LIMIT 1", target, set),
  );
  return rows.length > 0;
}

export async function listMediaFiles(
  db: Db,
  given: { target: string; set: string; after: string; limit: number },
): Promise<MediaFileRow[]> {
  const { rows } = await db.run(
    sql(
      `SELECT file_name, sha256, bytes, content_type FROM media_files
       WHERE target = ?1 AND set_name = ?2 AND file_name > ?3 ORDER BY file_name LIMIT ?4`,
      given.target,
      given.set,
      given.after,
      given.limit,
    ),
  );
  return rows.map((row) => MediaFileRow.parse(row));
}
