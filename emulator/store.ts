/**
 * store.ts: the state on disk. Each write is a transaction in SQLite's log before its call is answered, so
 * killing the process loses nothing that was answered; only a crash of the machine could.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { firstIds, storeBusyMs } from "./limits.ts";

const schema = `
CREATE TABLE IF NOT EXISTS collections (
  id INTEGER PRIMARY KEY AUTOINCREMENT, project_id INTEGER NOT NULL, metadata TEXT NOT NULL,
  private INTEGER NOT NULL, reveal_key TEXT NOT NULL, public_since_ms INTEGER,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tokens (
  collection_id INTEGER NOT NULL, token_id TEXT NOT NULL, metadata TEXT NOT NULL,
  private INTEGER NOT NULL, public_since_ms INTEGER, updated_at TEXT NOT NULL,
  PRIMARY KEY (collection_id, token_id)) STRICT;
CREATE INDEX IF NOT EXISTS tokens_in_order ON tokens (collection_id, length(token_id), token_id);
CREATE TABLE IF NOT EXISTS assets (
  id INTEGER PRIMARY KEY AUTOINCREMENT, collection_id INTEGER NOT NULL, token_id TEXT,
  metadata_field TEXT NOT NULL, filename TEXT NOT NULL DEFAULT '', filesize INTEGER NOT NULL DEFAULT 0,
  mime_type TEXT NOT NULL DEFAULT '', extension TEXT NOT NULL DEFAULT '', width INTEGER, height INTEGER,
  updated_at TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS assets_of_token ON assets (collection_id, token_id, metadata_field);
CREATE TABLE IF NOT EXISTS asset_bytes (asset_id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS contract_collections (
  id INTEGER PRIMARY KEY AUTOINCREMENT, project_id INTEGER NOT NULL, chain_id INTEGER NOT NULL,
  contract_address TEXT NOT NULL, collection_id INTEGER NOT NULL, UNIQUE (chain_id, contract_address)) STRICT;
CREATE TABLE IF NOT EXISTS tasks (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS ledger (
  id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, surface TEXT NOT NULL, method TEXT NOT NULL,
  path TEXT NOT NULL, project_id INTEGER, collection_id INTEGER, token_id TEXT, asset_id INTEGER, field TEXT,
  status INTEGER, error TEXT, fault TEXT, ms INTEGER NOT NULL, bytes INTEGER NOT NULL,
  acted INTEGER, is_private INTEGER, sha256 TEXT) STRICT;`;

/** Columns that came later: a directory of before lacks them. */
const laterColumns = { acted: "INTEGER", is_private: "INTEGER", sha256: "TEXT" };

export interface Store {
  run(sql: string, ...values: SQLInputValue[]): { changes: number; id: number };
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[];
  transaction<T>(work: () => T): T;
  close(): void;
}

/**
 * Opens the state in `dir`, made where absent; in memory where it is null.
 * @throws if another emulator holds the same directory: two would each keep their own count of calls.
 */
export function openStore(dir: string | null): Store {
  const db = openDatabase(dir);
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string) => {
    const statement = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  return {
    run(sql, ...values) {
      const { changes, lastInsertRowid } = prepare(sql).run(...values);
      return { changes: Number(changes), id: Number(lastInsertRowid) };
    },
    // Row types are claims about the statement beside them; the tables are STRICT, so columns keep their types.
    get: <Row>(sql: string, ...values: SQLInputValue[]) => prepare(sql).get(...values) as Row | undefined,
    all: <Row>(sql: string, ...values: SQLInputValue[]) => prepare(sql).all(...values) as Row[],
    transaction: (work) => inTransaction(db, work),
    close: () => db.close(),
  };
}

function openDatabase(dir: string | null): DatabaseSync {
  if (dir !== null) mkdirSync(dir, { recursive: true });
  const db = new DatabaseSync(dir === null ? ":memory:" : join(dir, "emulator.sqlite"), {
    timeout: storeBusyMs,
  });
  try {
    // Exclusive: keeps a second emulator out, and halves the cost of a write.
    db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;");
    db.exec(`BEGIN IMMEDIATE; ${schema} COMMIT;`);
    addLaterColumns(db);
  } catch (error) {
    throw new Error(`cannot open the emulator's state in ${dir}: is another emulator running there?`, {
      cause: error,
    });
  }
  beginIds(db);
  return db;
}

function addLaterColumns(db: DatabaseSync): void {
  const there = new Set(
    db
      .prepare("SELECT name FROM pragma_table_info('ledger')")
      .all()
      .map(({ name }) => name),
  );
  for (const [name, type] of Object.entries(laterColumns)) {
    if (!there.has(name)) db.exec(`ALTER TABLE ledger ADD COLUMN ${name} ${type}`);
  }
}

function beginIds(db: DatabaseSync): void {
  const begin = db.prepare(`
    INSERT INTO sqlite_sequence (name, seq) SELECT ?1, ?2
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)`);
  begin.run("collections", firstIds.collections - 1);
  begin.run("assets", firstIds.assets - 1);
  begin.run("contract_collections", firstIds.contractCollections - 1);
  begin.run("tasks", firstIds.tasks - 1);
}

function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}
