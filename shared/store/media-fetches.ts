/** Media addresses that stand in several rows of a batch: who fetches each for all, and what came of it. */
import * as z from "zod";
import { json } from "./columns.ts";
import { type Db, type Statement, sql } from "./db.ts";

/** What was fetched. `sha256` in hex: the bytes lie in R2 under it. */
export type FetchedFacts = {
  readonly sha256: string;
  readonly bytes: number;
  readonly contentType: string;
  /** The host's name for this state of the file; null: it has none. */
  readonly etag: string | null;
};

/** `holder`: the live lease that fetches; null: nobody does. `refused`: who asked last got nothing usable. */
export type SharedFetch = {
  readonly url: string;
  readonly fetched: FetchedFacts | null;
  readonly refused: boolean;
  readonly holder: string | null;
};

const Wire = z
  .object({
    url: z.string(),
    sha256: z.string().nullable(),
    bytes: z.number().nullable(),
    contentType: z.string().nullable(),
    etag: z.string().nullable(),
    refused: z.number(),
    holder: z.string().nullable(),
  })
  .transform(({ url, sha256, bytes, contentType, etag, refused, holder }): SharedFetch => {
    const there = sha256 !== null && bytes !== null && contentType !== null;
    return {
      url,
      fetched: there ? { sha256, bytes, contentType, etag } : null,
      refused: refused === 1,
      holder,
    };
  });

/** For claim, which brings each job's along. */
export const SharedFetches = json(z.array(Wire));

/** A lease that has run out holds nothing. `f`: the row; `now`: the parameter with the time. */
const holder = (now: string): string =>
  `(SELECT l.id FROM leases l WHERE l.expires_at > ${now} AND l.id = coalesce(f.fetcher,
     (SELECT o.lease_id FROM jobs o WHERE o.batch_id = f.batch_id AND o.line = f.line)))`;

const asWire = (now: string): string =>
  `json_object('url', f.url, 'sha256', f.sha256, 'bytes', f.bytes, 'contentType', f.content_type, 'etag', f.etag,
     'refused', f.refused, 'holder', ${holder(now)})`;

/** The shared addresses of job `j` as JSON, for a SELECT; one look by key for each of its media, and mostly in vain. */
export const sharedOfJob = (now: string): string =>
  `(SELECT json_group_array(${asWire(now)}) FROM json_each(j.args, '$.media') m
     CROSS JOIN media_fetches f ON f.batch_id = j.batch_id AND f.url = m.value ->> '$.source.url')`;

/** `placesJson`: a JSON array of numbers, each 4 × a line and which of its media. Done twice it changes nothing. */
export const insertFetches = (batchId: string, placesJson: string): Statement =>
  sql(
    `INSERT INTO media_fetches (batch_id, url, line)
     SELECT ?1, url, line FROM (
       SELECT j.args ->> ('$.media[' || (p.value & 3) || '].source.url') AS url, j.line
       FROM json_each(?2) p CROSS JOIN jobs j ON j.batch_id = ?1 AND j.line = p.value >> 2)
     WHERE url IS NOT NULL
     ON CONFLICT (batch_id, url) DO NOTHING`,
    batchId,
    placesJson,
  );

export type FetchKey = { readonly batchId: string; readonly url: string };

/** Takes the right to fetch where nobody has it. @returns how it stands then; null: nobody shares this address. */
export async function takeFetch(
  db: Db,
  { batchId, url, leaseId, now }: FetchKey & { leaseId: string; now: number },
): Promise<SharedFetch | null> {
  const [, read] = await db.batch([
    sql(
      `UPDATE media_fetches AS f SET fetcher = ?3
       WHERE batch_id = ?1 AND url = ?2 AND sha256 IS NULL AND refused = 0 AND ${holder("?4")} IS NULL`,
      batchId,
      url,
      leaseId,
      now,
    ),
    sql(
      `SELECT json_array(${asWire("?3")}) AS found FROM media_fetches f WHERE batch_id = ?1 AND url = ?2`,
      batchId,
      url,
      now,
    ),
  ]);
  const found = read?.rows[0]?.found;
  return found === undefined ? null : (SharedFetches.parse(found)[0] ?? null);
}

/** The first who gets it decides what it is for the batch. */
export async function recordFetch(db: Db, { batchId, url }: FetchKey, facts: FetchedFacts): Promise<void> {
  await db.run(
    sql(
      `UPDATE media_fetches SET sha256 = ?3, bytes = ?4, content_type = ?5, etag = ?6, refused = 0
       WHERE batch_id = ?1 AND url = ?2 AND sha256 IS NULL`,
      batchId,
      url,
      facts.sha256,
      facts.bytes,
      facts.contentType,
      facts.etag,
    ),
  );
}

export async function refuseFetch(db: Db, { batchId, url }: FetchKey): Promise<void> {
  await db.run(
    sql(
      "UPDATE media_fetches SET refused = 1 WHERE batch_id = ?1 AND url = ?2 AND sha256 IS NULL AND refused = 0",
      batchId,
      url,
    ),
  );
}
