/**
 * The status of each token where anybody can query it: a SQLite file, written in transactions of a hundred or what
 * a quarter of a second brought (WAL, synchronous=NORMAL: what a careful author of such a script would choose).
 */
import { DatabaseSync } from "node:sqlite";

export type Standing = {
  readonly tokenId: string;
  readonly state: "published" | "failed";
  readonly url: string | null;
  readonly error: string | null;
};

export type StatusFile = {
  put(standing: Standing): void;
  /** Writes what is left. @returns tokens by state, read from the file */
  close(): Record<string, number>;
};

export function openStatus(path: string, rowsAtOnce = 100, withinMs = 250): StatusFile {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE tokens (token_id TEXT PRIMARY KEY, state TEXT NOT NULL, url TEXT, error TEXT, at INTEGER NOT NULL)
    WITHOUT ROWID`);
  const insert = db.prepare("INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?)");
  let waiting: Standing[] = [];
  const flush = (): void => {
    db.exec("BEGIN");
    for (const { tokenId, state, url, error } of waiting) insert.run(tokenId, state, url, error, Date.now());
    db.exec("COMMIT");
    waiting = [];
  };
  const timer = setInterval(() => waiting.length > 0 && flush(), withinMs);
  return {
    put(standing) {
      waiting.push(standing);
      if (waiting.length >= rowsAtOnce) flush();
    },
    close() {
      clearInterval(timer);
      flush();
      const counts = db.prepare("SELECT state, COUNT(*) AS n FROM tokens GROUP BY state").all();
      db.close();
      return Object.fromEntries(counts.map(({ state, n }) => [String(state), Number(n)]));
    },
  };
}
