/**
 * A look into D1, taken in the transaction of the statements it follows: so nothing can slip in between, each
 * transaction is seen by itself, and it costs no round trip.
 */
import { BATCH_STATES } from "../../../../shared/job/batch.ts";
import { JOB_STATES, type JobState } from "../../../../shared/job/job.ts";
import {
  type Db,
  type Row,
  type SqlValue,
  type Statement,
  type StatementResult,
  sql,
} from "../../../../shared/store/db.ts";
import { type Batch, countEach, type Done, type Job, type State } from "./state.ts";

/** The books of a batch: what it says of itself, beside what its jobs are. */
export type Books = {
  readonly counts: Record<JobState, number>;
  readonly outcomes: Record<"created" | "updated" | "unchanged", number>;
  readonly rows: number;
  readonly dispatchLine: number;
};

export type Seen = State & { readonly books: Record<string, Books> };

const TABLES = {
  batches: `SELECT id, target, state, run_epoch, trial_left, finished_at, rows_valid, dispatch_line, created, updated,
    unchanged, ${JOB_STATES.join(", ")}, options ->> '$.first' AS first FROM batches ORDER BY id`,
  jobs: `SELECT batch_id, line, token_id, state, lease_id, run_epoch, state_at, scheduled_at, attempt, claims, rescues,
    outcome, outputs, json_array_length(coalesce(attempts, '[]')) AS records FROM jobs ORDER BY batch_id, line`,
  leases: "SELECT id, jobs, taken_at, expires_at FROM leases",
  sends: "SELECT batch_id, id, lines, sent_at FROM dispatches",
  tokens: "SELECT token_id, batch_id, line, claims, owned, sent FROM manifest",
  letters: "SELECT batch_id, line, state FROM dead_letters ORDER BY id",
  replays: "SELECT replay_id, batch_id, line FROM replay_jobs",
} as const;

const LOOK: readonly Statement[] = Object.values(TABLES).map((text) => sql(text));

export const isRead = (sql: string): boolean => /^\s*SELECT/i.test(sql);

/**
 * The way to D1 as the store takes it, with a look after each transaction that writes.
 * @param rewrite what a statement's text becomes on its way: how a test breaks one.
 */
export function watch(
  inner: Db,
  ours: string,
  seen: (seen: Seen) => void,
  rewrite = (text: string) => text,
): Db {
  const batch = async (statements: readonly Statement[]): Promise<StatementResult[]> => {
    const writes = !statements.every((one) => isRead(one.sql));
    const sent = statements.map((one) => ({ ...one, sql: rewrite(one.sql) }));
    const results = await inner.batch(writes ? [...sent, ...LOOK] : sent);
    if (writes) seen(toSeen(results.slice(statements.length), ours));
    return results.slice(0, statements.length);
  };
  const run = async (statement: Statement) => (await batch([statement]))[0] ?? { rows: [], changes: 0 };
  return { batch, run, meter: inner.meter };
}

export const look = async (db: Db, ours: string): Promise<Seen> => toSeen(await db.batch(LOOK), ours);

function toSeen(results: readonly StatementResult[], ours: string): Seen {
  const tables = Object.keys(TABLES).map((name, index) => [name, results[index]?.rows ?? []] as const);
  const {
    batches = [],
    jobs = [],
    leases = [],
    sends = [],
    tokens = [],
    letters = [],
    replays = [],
  } = Object.fromEntries(tables);
  const replayed = Map.groupBy(replays, (row) => text(row.replay_id));
  return {
    batches: keyed(
      batches,
      (row) => text(row.id),
      (row) => toBatch(row, ours),
    ),
    jobs: keyed(jobs, keyOf, toJob),
    leases: keyed(leases, (row) => text(row.id), toLease),
    sends: keyed(sends, (row) => `${row.batch_id}/${row.id}`, toSend),
    tokens: keyed(
      tokens,
      (row) => text(row.token_id),
      (row) => ({
        job: keyOf(row),
        claims: Number(row.claims),
        owned: row.owned === 1,
        sent: row.sent === 1,
      }),
    ),
    letters: letters.map((row) => ({ job: keyOf(row), state: text(row.state) })),
    replays: Object.fromEntries([...replayed].map(([id, rows]) => [id, rows.map(keyOf).sort()])),
    books: keyed(batches, (row) => text(row.id), toBooks),
  };
}

const keyed = <T>(
  rows: readonly Row[],
  key: (row: Row) => string,
  value: (row: Row) => T,
): Record<string, T> => Object.fromEntries(rows.map((row) => [key(row), value(row)]));

const text = (value: SqlValue | undefined): string => String(value);
const maybe = (value: SqlValue | undefined): number | null => (value === null ? null : Number(value));
const keyOf = (row: Row): string => `${row.batch_id}:${row.line}`;

const OUTCOMES = ["created", "updated", "unchanged"] as const;

/** One of a list of words, or the test ends: a state that nobody knows is no state to go on from. */
function oneOf<T extends string>(words: readonly T[], value: SqlValue | undefined): T {
  const found = words.find((word) => word === value);
  if (found === undefined) throw new Error(`${value} is none of ${words.join(", ")}`);
  return found;
}

const toBatch = (row: Row, ours: string): Batch => ({
  state: oneOf(BATCH_STATES, row.state),
  epoch: Number(row.run_epoch),
  trialLeft: maybe(row.trial_left),
  finishedAt: maybe(row.finished_at),
  ours: row.target === ours,
  first: maybe(row.first),
});

const toJob = (row: Row): Job => ({
  batch: text(row.batch_id),
  line: Number(row.line),
  token: text(row.token_id),
  state: oneOf(JOB_STATES, row.state),
  lease: row.lease_id === null ? null : text(row.lease_id),
  epoch: maybe(row.run_epoch),
  at: Number(row.state_at),
  due: maybe(row.scheduled_at),
  attempt: Number(row.attempt),
  claims: Number(row.claims),
  rescues: Number(row.rescues),
  records: Number(row.records),
  outcome: row.outcome === null ? null : oneOf(OUTCOMES, row.outcome),
  done: toDone(row.outputs),
});

function toDone(outputs: SqlValue | undefined): Done {
  if (typeof outputs !== "string") return { made: false, sent: false, asset: "none" };
  const { token, sent, assets } = JSON.parse(outputs);
  const asset = assets.length === 0 ? "none" : assets[0].url === null ? "unsure" : "uploaded";
  return { made: token !== null, sent, asset };
}

const toLease = (row: Row) => ({
  jobs: keysIn(row.jobs),
  takenAt: Number(row.taken_at),
  expiresAt: Number(row.expires_at),
});

const keysIn = (jobs: SqlValue | undefined): string[] =>
  JSON.parse(text(jobs)).map(({ b, l }: { b: string; l: number }) => `${b}:${l}`);

const toSend = (row: Row) => ({
  jobs: JSON.parse(text(row.lines))
    .map((line: number) => `${row.batch_id}:${line}`)
    .sort(),
  sentAt: Number(row.sent_at),
});

const toBooks = (row: Row): Books => ({
  counts: countEach((state) => Number(row[state])),
  outcomes: { created: Number(row.created), updated: Number(row.updated), unchanged: Number(row.unchanged) },
  rows: Number(row.rows_valid),
  dispatchLine: Number(row.dispatch_line),
});
