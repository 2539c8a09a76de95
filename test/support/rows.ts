/** Batches and jobs put straight into D1, for tests that begin after intake. */
import { ulid } from "ulid";
import type { BatchOptions } from "../../shared/job/batch.ts";
import type { JobArgs } from "../../shared/job/job.ts";
import { type Db, type Row, type Statement, sql } from "../../shared/store/db.ts";

export const OPTIONS: BatchOptions = {
  onInvalid: "stop",
  onExisting: "fail",
  publish: true,
  dryRun: false,
  first: null,
  force: false,
  refreshMedia: false,
  mediaSet: null,
  template: {},
  map: {},
  tokenIds: "file",
  firstTokenId: "0",
  contentType: "text/csv",
  priority: "normal",
};

export type SeedBatch = {
  target?: string;
  collectionId?: number;
  rows?: number;
  state?: string;
  options?: Partial<BatchOptions>;
  args?: (line: number) => JobArgs;
  createdAt?: number;
};

export const argsOf = (line: number, imageUrl = "http://127.0.0.1:1/media/x.png"): JobArgs => ({
  tokenId: String(line),
  token: {
    name: `Relic ${line}`,
    description: "",
    decimals: 0,
    properties: null,
    attributes: [{ trait_type: "Line", value: line }],
  },
  media: [{ field: "image", source: { kind: "url", url: imageUrl } }],
});

/** A batch whose jobs, lines 2 and on, are all `pending`. @returns its id. */
export async function seedBatch(db: Db, given: SeedBatch = {}): Promise<string> {
  const id = `bat_${ulid()}`;
  await db.batch(batchRows(id, given));
  return id;
}

/** The same as statements, for whoever names the batch and has more to do in the call. */
export function batchRows(id: string, given: SeedBatch): Statement[] {
  const { target = "emulator#1", collectionId = 1, rows = 3, state = "running", args = argsOf } = given;
  const jobs = Array.from({ length: rows }, (_, index) => {
    const made = args(index + 2);
    return { l: index + 2, t: made.tokenId, a: made };
  });
  return [
    sql(
      `INSERT INTO batches (id, target, name, state, collection_id, options, fingerprint, source_key, rows_total,
         rows_valid, pending, created_at, started_at, finished_at, halted)
       VALUES (?1, ?2, 'test.csv', ?3, ?4, ?5, 'f', 'k', ?6, ?6, ?6, ?7, ?7,
         CASE WHEN ?3 IN ('invalid', 'cancelled', 'finished') THEN ?7 END,
         CASE WHEN ?3 = 'halted' THEN '{"code":"key.refused","message":"m","next":"n"}' END)`,
      id,
      target,
      state,
      collectionId,
      JSON.stringify({ ...OPTIONS, ...given.options }),
      rows,
      given.createdAt ?? 1_000,
    ),
    sql(
      `INSERT INTO jobs (batch_id, line, token_id, args, args_hash)
       SELECT ?1, value ->> 'l', value ->> 't', value -> 'a', '' FROM json_each(?2)`,
      id,
      JSON.stringify(jobs),
    ),
  ];
}

export async function readBatch(db: Db, id: string): Promise<Row> {
  const { rows } = await db.run(sql("SELECT * FROM batches WHERE id = ?1", id));
  const row = rows[0];
  if (!row) throw new Error(`no batch ${id}`);
  return row;
}

export async function readJobs(db: Db, id: string): Promise<Row[]> {
  return (await db.run(sql("SELECT * FROM jobs WHERE batch_id = ?1 ORDER BY line", id))).rows;
}

const STATES = ["pending", "queued", "running", "retryable", "snoozed", "completed", "dead", "cancelled"];

/** The counters as they stand and as a count of the jobs finds them; every test may demand that they agree. */
export async function counters(
  db: Db,
  id: string,
): Promise<{ stored: Record<string, number>; counted: Record<string, number> }> {
  const batch = await readBatch(db, id);
  const jobs = await readJobs(db, id);
  const nonZero = (count: (state: string) => number) =>
    Object.fromEntries(STATES.map((state) => [state, count(state)] as const).filter(([, n]) => n > 0));
  return {
    stored: nonZero((state) => Number(batch[state])),
    counted: nonZero((state) => jobs.filter((job) => job.state === state).length),
  };
}
