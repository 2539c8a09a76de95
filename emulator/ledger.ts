/**
 * ledger.ts: every call as received, in the order of arrival. An entry is written the moment its call ends,
 * in SQLite beside the state (about 10 µs), so a kill loses only calls that were never answered; calls under
 * way are shown with status null.
 */
import * as z from "zod";
import { defaultLedgerRows, maxLedgerRows, secondMs } from "./limits.ts";
import type { Store } from "./store.ts";
import type { Surface } from "./surfaces.ts";

export interface LedgerEntry {
  id: number;
  /** Unix ms of arrival. */
  at: number;
  surface: Surface;
  method: string;
  path: string;
  projectId: number | null;
  collectionId: number | null;
  tokenId: string | null;
  assetId: number | null;
  field: string | null;
  /** What the service answered, also where a fault then kept the answer back; 0 where it never acted. */
  status: number | null;
  error: string | null;
  /** Kind of the fault that struck. */
  fault: string | null;
  /** Carried out as the how-many-th of all calls, also where the answer was then kept back; null: not at all. */
  acted: number | null;
  /** Whether the token was private after CreateToken or UpdateToken; null for everything else. */
  isPrivate: boolean | null;
  /** Of the file that was uploaded. */
  sha256: string | null;
  ms: number;
  /** Bytes of the body received, or of the body sent where none was received. */
  bytes: number;
}

export type Opening = Pick<LedgerEntry, "surface" | "method" | "path" | "at"> & Partial<LedgerEntry>;

export const ledgerQuery = z.strictObject({
  method: z.string().optional(),
  surface: z.string().optional(),
  collectionId: z.coerce.number().optional(),
  tokenId: z.string().optional(),
  status: z.coerce.number().optional(),
  /** Entries that arrived after the one of this id. */
  after: z.coerce.number().default(0),
  limit: z.coerce.number().int().min(1).max(maxLedgerRows).default(defaultLedgerRows),
});

export type LedgerQuery = z.input<typeof ledgerQuery>;

export interface LedgerPage {
  items: LedgerEntry[];
  /** The `after` of the next page; behind the oldest call under way, so that none is missed. */
  next: number;
}

export interface LedgerSummary {
  calls: number;
  byMethod: Record<string, number>;
  byMethodAndStatus: Record<string, Record<string, number>>;
  duplicates: {
    /** (collection, token) with more than one successful CreateToken. */
    tokens: number;
    /** (collection, token, field) with more than one asset row now. */
    assets: number;
    /** (collection, token, field) with more than one successful CreateAsset. */
    assetCreates: number;
  };
  /** Most calls within any 1,000 ms: `sequence` is what carries the secret key. */
  busiestSecond: { all: number; sequence: number; media: number };
}

const columns = `id, at_ms AS at, surface, method, path, project_id AS projectId, collection_id AS collectionId,
  token_id AS tokenId, asset_id AS assetId, field, status, error, fault, ms, bytes, acted, is_private AS isPrivate,
  sha256`;

/** As SQLite keeps it: it has no boolean. */
type LedgerRow = Omit<LedgerEntry, "isPrivate"> & { isPrivate: number | null };

export class Ledger {
  readonly #store: Store;
  readonly #underWay = new Map<number, LedgerEntry>();
  #lastId: number;
  #lastActed: number;

  constructor(store: Store) {
    this.#store = store;
    const last = store.get<{ id: number | null; acted: number | null }>(
      "SELECT max(id) AS id, max(acted) AS acted FROM ledger",
    );
    this.#lastId = last?.id ?? 0;
    this.#lastActed = last?.acted ?? 0;
  }

  /** The place in order of a call that was just carried out. */
  nextActed(): number {
    this.#lastActed += 1;
    return this.#lastActed;
  }

  open(opening: Opening): LedgerEntry {
    this.#lastId += 1;
    const entry = { ...blank, ...opening, id: this.#lastId };
    this.#underWay.set(entry.id, entry);
    return entry;
  }

  close(entry: LedgerEntry): void {
    this.#underWay.delete(entry.id);
    this.#store.run(
      `INSERT INTO ledger (id, at_ms, surface, method, path, project_id, collection_id, token_id, asset_id, field,
         status, error, fault, ms, bytes, acted, is_private, sha256)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[entry.id, entry.at, entry.surface, entry.method, entry.path, entry.projectId, entry.collectionId],
      ...[
        entry.tokenId,
        entry.assetId,
        entry.field,
        entry.status,
        entry.error,
        entry.fault,
        entry.ms,
        entry.bytes,
      ],
      ...[entry.acted, entry.isPrivate === null ? null : Number(entry.isPrivate), entry.sha256],
    );
  }

  list(query: LedgerQuery = {}): LedgerPage {
    const asked = ledgerQuery.parse(query);
    const done = this.#store.all<LedgerRow>(
      `SELECT ${columns} FROM ledger WHERE id > ?1 AND (?2 IS NULL OR method = ?2) AND (?3 IS NULL OR surface = ?3)
         AND (?4 IS NULL OR collection_id = ?4) AND (?5 IS NULL OR token_id = ?5) AND (?6 IS NULL OR status = ?6)
       ORDER BY id LIMIT ?7`,
      ...[asked.after, asked.method ?? null, asked.surface ?? null, asked.collectionId ?? null],
      ...[asked.tokenId ?? null, asked.status ?? null, asked.limit],
    );
    const underWay = [...this.#underWay.values()].filter((entry) => isAsked(entry, asked));
    const items = [...done.map(toEntry), ...underWay].sort((a, b) => a.id - b.id).slice(0, asked.limit);
    const oldest = Math.min(...this.#underWay.keys(), Infinity);
    return { items, next: Math.max(asked.after, Math.min(items.at(-1)?.id ?? asked.after, oldest - 1)) };
  }

  summary(): LedgerSummary {
    const counts = this.#store.all<{ method: string; status: number; n: number }>(
      "SELECT method, status, count(*) AS n FROM ledger GROUP BY method, status ORDER BY method, status",
    );
    const byMethod: Record<string, number> = {};
    const byMethodAndStatus: Record<string, Record<string, number>> = {};
    for (const { method, status, n } of counts) {
      byMethod[method] = (byMethod[method] ?? 0) + n;
      byMethodAndStatus[method] = { ...byMethodAndStatus[method], [status]: n };
    }
    return {
      calls: counts.reduce((sum, { n }) => sum + n, 0),
      byMethod,
      byMethodAndStatus,
      duplicates: this.#duplicates(),
      busiestSecond: {
        all: this.#busiestSecond("1 = 1"),
        sequence: this.#busiestSecond("surface IN ('collections', 'upload', 'privateRead')"),
        media: this.#busiestSecond("surface = 'media'"),
      },
    };
  }

  clear(): void {
    this.#store.run("DELETE FROM ledger");
  }

  #duplicates(): LedgerSummary["duplicates"] {
    const created = (method: string, key: string) =>
      this.#count(
        `SELECT 1 FROM ledger WHERE method = '${method}' AND status = 200 GROUP BY ${key} HAVING count(*) > 1`,
      );
    return {
      tokens: created("CreateToken", "collection_id, token_id"),
      assets: this.#count(
        "SELECT 1 FROM assets GROUP BY collection_id, token_id, metadata_field HAVING count(*) > 1",
      ),
      assetCreates: created("CreateAsset", "collection_id, token_id, field"),
    };
  }

  #count(sql: string): number {
    return this.#store.get<{ n: number }>(`SELECT count(*) AS n FROM (${sql})`)?.n ?? 0;
  }

  #busiestSecond(condition: string): number {
    const calls = this.#store.all<{ at: number }>(
      `SELECT at_ms AS at FROM ledger WHERE ${condition} ORDER BY at_ms`,
    );
    let most = 0;
    let first = 0;
    calls.forEach(({ at }, last) => {
      while (at - (calls[first]?.at ?? at) >= secondMs) first += 1;
      most = Math.max(most, last - first + 1);
    });
    return most;
  }
}

const blank: Omit<LedgerEntry, "id" | "at" | "surface" | "method" | "path"> = {
  projectId: null,
  collectionId: null,
  tokenId: null,
  assetId: null,
  field: null,
  status: null,
  error: null,
  fault: null,
  ms: 0,
  bytes: 0,
  acted: null,
  isPrivate: null,
  sha256: null,
};

function toEntry({ isPrivate, ...rest }: LedgerRow): LedgerEntry {
  return { ...rest, isPrivate: isPrivate === null ? null : isPrivate === 1 };
}

function isAsked(entry: LedgerEntry, asked: z.output<typeof ledgerQuery>): boolean {
  const { after, method, surface, collectionId, tokenId, status } = asked;
  if (entry.id <= after || status !== undefined) return false;
  if (method !== undefined && entry.method !== method) return false;
  if (surface !== undefined && entry.surface !== surface) return false;
  if (collectionId !== undefined && entry.collectionId !== collectionId) return false;
  return tokenId === undefined || entry.tokenId === tokenId;
}
