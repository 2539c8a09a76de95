/**
 * The one way to D1: statements go in as data, a batch is one call and one transaction, and transient
 * errors are tried again. D1's own API is not used elsewhere, or a statement would escape retry and meter.
 */
import pRetry from "p-retry";

export type Statement = { readonly sql: string; readonly params: readonly SqlValue[] };
export type SqlValue = string | number | null;
export type Row = Record<string, SqlValue>;
export type StatementResult = { readonly rows: Row[]; readonly changes: number };

/** Counts what is billed. `calls`: round trips; one `batch()` is one. */
export type Meter = { calls: number; rowsRead: number; rowsWritten: number };

export type Db = {
  /** One transaction, one round trip; results in the order of the statements. */
  batch(statements: readonly Statement[]): Promise<StatementResult[]>;
  /** One statement. */
  run(statement: Statement): Promise<StatementResult>;
  readonly meter: Meter;
};

export const sql = (text: string, ...params: SqlValue[]): Statement => ({ sql: text, params });

/** https://developers.cloudflare.com/d1/best-practices/retry-queries/ and …/observability/debug-d1/ */
const TRANSIENT = [
  "Network connection lost",
  "storage caused object to be reset",
  "reset because its code was updated",
  "Replica disconnected from primary",
  "Internal error while starting up D1 DB storage",
  "Cannot resolve D1 DB due to transient issue on remote node",
  "Can't read from request stream because client disconnected",
];

/**
 * "Network connection lost" may come after the write was done. Every statement of ours states the state it
 * expects, so doing it twice changes nothing the second time; that is what makes this retry right.
 */
export const isTransient = (error: unknown): boolean =>
  error instanceof Error && TRANSIENT.some((text) => error.message.includes(text));

/** D1 has looked at what was to be written and will not have it; to ask again with the same would be in vain. */
const REFUSED = ["too big", "SQLITE_CONSTRAINT", "constraint failed", "SQLITE_MISMATCH", "malformed JSON"];

/** Only these speak of the row. An overload, a reset or a time-out speaks of D1, and no row may die of it. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof Error && REFUSED.some((text) => error.message.includes(text));

export function openDb(d1: D1Database, meter: Meter = { calls: 0, rowsRead: 0, rowsWritten: 0 }): Db {
  const batch = async (statements: readonly Statement[]): Promise<StatementResult[]> => {
    if (statements.length === 0) return [];
    const prepared = statements.map((one) => d1.prepare(one.sql).bind(...one.params));
    const results = await pRetry(() => d1.batch<Row>(prepared), {
      retries: 3,
      minTimeout: 50,
      maxTimeout: 1_000,
      randomize: true,
      shouldRetry: ({ error }) => isTransient(error),
    });
    meter.calls += 1;
    for (const { meta } of results) {
      meter.rowsRead += meta.rows_read ?? 0;
      meter.rowsWritten += meta.rows_written ?? 0;
    }
    return results.map((result) => ({ rows: result.results, changes: result.meta.changes }));
  };
  const run = async (statement: Statement): Promise<StatementResult> =>
    (await batch([statement]))[0] ?? { rows: [], changes: 0 };
  return { batch, run, meter };
}
