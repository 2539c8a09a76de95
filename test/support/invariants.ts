/** The checker in workerd: D1 through its binding, the emulator through HTTP; a sentence for each violation. */
import { inject } from "vitest";
import { checkInvariants } from "../../shared/invariants/check.ts";
import type { Facts, StoreFacts } from "../../shared/invariants/facts.ts";
import { STORE_QUERIES, toStoreFacts } from "../../shared/invariants/store-facts.ts";
import { readUpstreamFacts } from "../../shared/invariants/upstream-facts.ts";
import { violationText } from "../../shared/invariants/violation.ts";
import { type Db, sql } from "../../shared/store/db.ts";

type Mode = "conflict" | "endpoint" | "overwrite";

export type Asked = {
  /** Only these, because the tests of a file share one D1. */
  readonly batchIds: readonly string[];
  /** @default conflict */
  readonly mode?: Mode;
} & Partial<Pick<Facts, "maxAttempts" | "callsPerSecond" | "outages" | "handMade" | "mediaAt">>;

export async function violationsIn(db: Db, asked: Asked): Promise<string[]> {
  return checkInvariants(await factsOf(db, asked)).map(violationText);
}

export async function factsOf(db: Db, { batchIds, mode = "conflict", ...known }: Asked): Promise<Facts> {
  const { url, project } = inject("emulators")[mode];
  const results = await db.batch(STORE_QUERIES.map((query) => sql(query, `emulator#${project}`)));
  const store = onlyOf(toStoreFacts(results.map(({ rows }) => rows)), new Set(batchIds));
  const collections = [...new Set(store.batches.map(({ collectionId }) => collectionId))];
  const upstream = await readUpstreamFacts(
    async (path) => (await fetch(new URL(path, url))).json(),
    collections,
  );
  return { maxAttempts: 5, ...known, store, upstream };
}

function onlyOf(store: StoreFacts, batchIds: ReadonlySet<string>): StoreFacts {
  const batches = store.batches.filter(({ id }) => batchIds.has(id));
  const collections = new Set(batches.map(({ collectionId }) => collectionId));
  return {
    batches,
    jobs: store.jobs.filter(({ batchId }) => batchIds.has(batchId)),
    deadLetters: store.deadLetters.filter(({ batchId }) => batchIds.has(batchId)),
    manifest: store.manifest.filter(({ collectionId }) => collections.has(collectionId)),
    edits: store.edits.filter(({ batchId }) => batchIds.has(batchId)),
    leases: store.leases.filter(({ jobs }) => jobs.some(({ b }) => batchIds.has(b))),
  };
}
