/** The facts by what the rules ask for, sorted out once: twenty thousand jobs are looked up, not searched. Pure. */
import { jobId } from "../job/job.ts";
import type {
  AssetFact,
  BatchFact,
  CallFact,
  DeadLetterFact,
  Facts,
  JobFact,
  ManifestFact,
  TokenFact,
} from "./facts.ts";

/** `collection/token`: what Sequence knows a token by. */
export type TokenKey = string;
export const tokenKey = (collectionId: number, tokenId: string): TokenKey => `${collectionId}/${tokenId}`;

export type Indexed = Facts & {
  readonly batchOf: ReadonlyMap<string, BatchFact>;
  readonly jobById: ReadonlyMap<string, JobFact>;
  readonly jobsOfBatch: ReadonlyMap<string, readonly JobFact[]>;
  readonly jobsOfToken: ReadonlyMap<TokenKey, readonly JobFact[]>;
  /** Of those, the ones that write to the token: not what only reads it or left it to a later batch. */
  readonly writersOfToken: ReadonlyMap<TokenKey, readonly JobFact[]>;
  readonly lettersOfJob: ReadonlyMap<string, readonly DeadLetterFact[]>;
  /** Tokens that a row had before somebody gave it another: their place in the manifest may be empty. */
  readonly leftTokens: ReadonlySet<TokenKey>;
  readonly manifestOf: ReadonlyMap<TokenKey, ManifestFact>;
  readonly tokenOf: ReadonlyMap<TokenKey, TokenFact>;
  readonly assetsOf: ReadonlyMap<TokenKey, readonly AssetFact[]>;
  /** Calls that were carried out with success, in the order in which they were. */
  readonly deedsOf: ReadonlyMap<TokenKey, readonly Deed[]>;
  /** Tokens that were there before a batch named them, or that the facts say somebody made by hand. */
  readonly foreign: ReadonlySet<TokenKey>;
};

/** A call that has changed or read something, and when. */
export type Deed = CallFact & { readonly acted: number };

export function indexFacts(facts: Facts): Indexed {
  const { store, upstream } = facts;
  const batchOf = new Map(store.batches.map((batch) => [batch.id, batch]));
  const keyOfJob = ({ batchId, tokenId }: JobFact): TokenKey =>
    tokenKey(batchOf.get(batchId)?.collectionId ?? 0, tokenId);
  const jobsOfToken = groupBy(store.jobs, keyOfJob);
  const deedsOf = groupBy(deedsIn(upstream.calls), ({ collectionId, tokenId }) =>
    tokenKey(collectionId ?? 0, tokenId ?? ""),
  );
  return {
    ...facts,
    batchOf,
    jobById: new Map(store.jobs.map((job) => [jobId(job), job])),
    jobsOfBatch: groupBy(store.jobs, ({ batchId }) => batchId),
    jobsOfToken,
    writersOfToken: groupBy(
      store.jobs.filter((job) => isWriter(job, batchOf.get(job.batchId))),
      keyOfJob,
    ),
    lettersOfJob: groupBy(store.deadLetters, jobId),
    leftTokens: new Set(
      store.edits.map(({ batchId, tokenId }) => tokenKey(batchOf.get(batchId)?.collectionId ?? 0, tokenId)),
    ),
    manifestOf: new Map(store.manifest.map((row) => [tokenKey(row.collectionId, row.tokenId), row])),
    tokenOf: new Map(upstream.tokens.map((token) => [tokenKey(token.collectionId, token.tokenId), token])),
    assetsOf: groupBy(
      upstream.assets.filter(({ tokenId }) => tokenId !== null),
      ({ collectionId, tokenId }) => tokenKey(collectionId, tokenId ?? ""),
    ),
    deedsOf,
    foreign: foreignKeys(facts, batchOf, jobsOfToken, deedsOf),
  };
}

const isWriter = (job: JobFact, batch: BatchFact | undefined): boolean =>
  batch === undefined || batch.kind === "submit" || (batch.kind !== "verify" && !wasLeftAlone(job));

/** A follow-up's row whose token a later batch holds: completed, and without a record of the token. */
const wasLeftAlone = ({ state, outputs }: JobFact): boolean =>
  state === "completed" && (outputs === null || outputs.token === null);

const deedsIn = (calls: readonly CallFact[]): Deed[] =>
  calls
    .flatMap((call) =>
      call.acted !== null && call.status === 200 && call.tokenId !== null
        ? [{ ...call, acted: call.acted }]
        : [],
    )
    .sort((a, b) => a.acted - b.acted);

/** There before the first batch that names it was submitted: Mintline cannot have made it. */
function foreignKeys(
  { handMade = [] }: Facts,
  batchOf: ReadonlyMap<string, BatchFact>,
  jobsOfToken: ReadonlyMap<TokenKey, readonly JobFact[]>,
  deedsOf: ReadonlyMap<TokenKey, readonly Deed[]>,
): ReadonlySet<TokenKey> {
  const foreign = new Set(handMade.map(({ collectionId, tokenId }) => tokenKey(collectionId, tokenId)));
  for (const [key, jobs] of jobsOfToken) {
    const made = deedsOf.get(key)?.find(({ method }) => method === "CreateToken");
    const firstNamed = Math.min(...jobs.map(({ batchId }) => batchOf.get(batchId)?.createdAt ?? Infinity));
    if (made !== undefined && made.at < firstNamed) foreign.add(key);
  }
  return foreign;
}

export function groupBy<K, V>(values: Iterable<V>, keyOf: (value: V) => K): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}
