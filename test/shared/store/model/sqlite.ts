/**
 * The SQLite that D1 is made of, without the way there: a Durable Object's own, in this process. Statements and their
 * transactions are the same, at a tenth of D1's time, so that ten times as much can happen in a test. What only the
 * way to D1 could break is found on D1 itself.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Db, Row, Statement, StatementResult } from "../../../../shared/store/db.ts";
import { isRead } from "./look.ts";

/** Runs `work` with a database that has our tables and nothing in them. */
export async function inSqlite(name: string, work: (db: Db) => Promise<void>): Promise<void> {
  const object = env.GATE.get(env.GATE.idFromName(name));
  await runInDurableObject(object, async (_gate, { storage }) => {
    for (const { queries } of env.TEST_MIGRATIONS) for (const query of queries) storage.sql.exec(query);
    await work(openStorage(storage));
  });
}

function openStorage(storage: DurableObjectStorage): Db {
  const one = ({ sql, params }: Statement): StatementResult => {
    const rows = storage.sql.exec<Row>(sql, ...params).toArray();
    const changes = isRead(sql) ? 0 : Number(storage.sql.exec("SELECT changes() AS n").one().n);
    return { rows, changes };
  };
  const batch = async (statements: readonly Statement[]) =>
    storage.transactionSync(() => statements.map((statement) => one(statement)));
  const run = async (statement: Statement) => (await batch([statement]))[0] ?? { rows: [], changes: 0 };
  return { batch, run, meter: { calls: 0, rowsRead: 0, rowsWritten: 0 } };
}
