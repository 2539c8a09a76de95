/**
 * The local D1 as a file: which migrations are applied (asking Wrangler takes 3 s of every start), which batches
 * belong to another target, and whatever a proof must see. Where the file is not found (a first start, or a
 * Wrangler that keeps it elsewhere) the answer is null, and the caller goes the long way.
 */
import { globSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as z from "zod";

const Applied = z.array(z.object({ name: z.string() }));
const LeftAlone = z.array(z.object({ target: z.string(), batches: z.number() }));
export type LeftAlone = z.infer<typeof LeftAlone>;

/** True only if each migration file of the folder is recorded as applied. */
export function isMigrated(stateRoot: string, migrationsDir: string): boolean {
  const applied = readLocal(stateRoot, "SELECT name FROM d1_migrations", [], Applied);
  const names = new Set(applied?.map(({ name }) => name));
  return readdirSync(migrationsDir)
    .filter((name) => name.endsWith(".sql"))
    .every((name) => names.has(name));
}

/** Batches of other targets that are not at their end: this start does not touch them. */
export function leftAlone(stateRoot: string, target: string): LeftAlone {
  const unfinished = `SELECT target, count(*) AS batches FROM batches
    WHERE target <> ? AND state NOT IN ('invalid','cancelled','finished') GROUP BY target ORDER BY target`;
  return readLocal(stateRoot, unfinished, [target], LeftAlone) ?? [];
}

function readLocal<T>(stateRoot: string, sql: string, values: string[], schema: z.ZodType<T>): T | null {
  for (const file of globSync(join(stateRoot, "v3/d1/*/*.sqlite"))) {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      return schema.parse(database.prepare(sql).all(...values));
    } catch {
      // Wrangler keeps a database of its own beside ours; it has no such table.
    } finally {
      database.close();
    }
  }
  return null;
}

/** How long a reader waits for a writer; the runtime holds the file for milliseconds. */
const BUSY_MS = 5_000;

/**
 * The rows of several queries as of one moment, also while the runtime has the file open, and after a kill.
 * @param value the one parameter of each query
 * @returns null where no file with our tables is found
 */
export function readTogether(
  stateRoot: string,
  queries: readonly string[],
  value: string,
): unknown[][] | null {
  for (const file of globSync(join(stateRoot, "v3/d1/*/*.sqlite"))) {
    const database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
    try {
      database.exec("BEGIN");
      const isOurs =
        database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'batches'").get() !== undefined;
      if (isOurs) return queries.map((query) => database.prepare(query).all(value));
    } finally {
      database.close();
    }
  }
  return null;
}
