/** No second token, none that is public without its media, none that nobody asked for. Pure. */
import type { JobFact } from "../facts.ts";
import { type Deed, type Indexed, type TokenKey, tokenKey } from "../index-facts.ts";
import { type Place, type Violation, violation } from "../violation.ts";

/** A create that succeeded while the token was there: also where the service overwrites without a word. */
export function doubledTokens(index: Indexed): Violation[] {
  return [...index.deedsOf].flatMap(([key, deeds]) => {
    let made: Deed | null = null;
    const found: Violation[] = [];
    for (const deed of deeds) {
      if (deed.method === "DeleteToken") made = null;
      if (deed.method !== "CreateToken") continue;
      if (made !== null) {
        const message = `expected one CreateToken to succeed, but call ${deed.id} made again what call ${made.id} had made`;
        found.push(violation("token.doubled", placeOf(index, key), message));
      }
      made = deed;
    }
    return found;
  });
}

/** Public without its media: as it stands now, and at each moment at which a call left it public. */
export function bareTokens(index: Indexed): Violation[] {
  return [...index.jobsOfToken].flatMap(([key, jobs]) => [
    ...bareNow(index, key, index.writersOfToken.get(key) ?? []),
    ...bareOnce(index, key, jobs),
  ]);
}

function bareNow(index: Indexed, key: TokenKey, jobs: readonly JobFact[]): Violation[] {
  const token = index.tokenOf.get(key);
  const job = lastCompleted(jobs);
  if (token === undefined || token.isPrivate || !job?.outputs?.token) return [];
  const uploaded = new Set(
    (index.assetsOf.get(key) ?? []).filter(({ sha256 }) => sha256 !== null).map(({ field }) => field),
  );
  return job.args.media
    .filter(({ field }) => !uploaded.has(field))
    .map(({ field }) =>
      violation(
        "token.bare",
        placeOf(index, key),
        `the token is public, but nothing was uploaded for ${field}`,
      ),
    );
}

/**
 * In the order in which calls were carried out. Required is what every row that names the token requires; what
 * somebody did by hand before is theirs.
 */
function bareOnce(index: Indexed, key: TokenKey, jobs: readonly JobFact[]): Violation[] {
  if (index.foreign.has(key)) return [];
  const [first, ...others] = jobs.map(({ args }) => args.media.map(({ field }): string => field));
  const required = (first ?? []).filter((field) => others.every((fields) => fields.includes(field)));
  const uploaded = new Set<string>();
  const found: Violation[] = [];
  for (const deed of index.deedsOf.get(key) ?? []) {
    if (deed.method === "DeleteToken") uploaded.clear();
    if (deed.method === "UploadAsset" && deed.field !== null) uploaded.add(deed.field);
    if (deed.isPrivate !== false) continue;
    const missing = required.filter((field) => !uploaded.has(field));
    if (missing.length === 0) continue;
    const message = `${deed.method} (call ${deed.id}) left it public before the upload of ${missing.join(", ")}`;
    found.push(violation("token.bare", placeOf(index, key), message));
  }
  return found;
}

/** Public tokens that came to be in a batch's collection after it was submitted, and that no row names. */
export function unaskedTokens(index: Indexed): Violation[] {
  const since = new Map<number, number>();
  for (const { collectionId, createdAt } of index.store.batches) {
    since.set(collectionId, Math.min(createdAt, since.get(collectionId) ?? Infinity));
  }
  return index.upstream.tokens.flatMap(({ collectionId, tokenId, isPrivate }) => {
    const key = tokenKey(collectionId, tokenId);
    if (isPrivate || index.jobsOfToken.has(key) || index.foreign.has(key)) return [];
    const made = index.deedsOf.get(key)?.find(({ method }) => method === "CreateToken");
    if (made === undefined || made.at < (since.get(collectionId) ?? Infinity)) return [];
    return [
      violation(
        "token.unasked",
        { token: key },
        `call ${made.id} made it, it is public, and no row names it`,
      ),
    ];
  });
}

/** Somebody else's token, which the batch was told to leave alone, is as they left it. */
export function touchedTokens(index: Indexed): Violation[] {
  return [...index.foreign].flatMap((key) => {
    const jobs = index.jobsOfToken.get(key) ?? [];
    const says = (job: JobFact) => index.batchOf.get(job.batchId)?.options.onExisting;
    if (jobs.length === 0 || jobs.some((job) => says(job) === "update")) return [];
    const firstRun = Math.min(...jobs.flatMap(({ attempts }) => attempts.map(({ startedAt }) => startedAt)));
    const writes = (index.deedsOf.get(key) ?? []).filter(
      ({ method, at }) => WRITES.has(method) && at >= firstRun,
    );
    const made = writes.map(({ id, method }) => `${method} (call ${id})`);
    const completed = jobs.filter(({ outcome }) => outcome === "created" || outcome === "updated");
    return [
      ...(made.length === 0
        ? []
        : [
            violation(
              "key.foreign_touched",
              placeOf(index, key),
              `expected no write, found ${made.join(", ")}`,
            ),
          ]),
      ...completed.map((job) =>
        violation(
          "key.foreign_touched",
          { batchId: job.batchId, line: job.line, token: key },
          `expected onExisting=${says(job)} to leave it alone, found a job that says it ${job.outcome} it`,
        ),
      ),
    ];
  });
}

const WRITES = new Set(["CreateToken", "UpdateToken", "DeleteToken", "CreateAsset", "UploadAsset"]);

/** A second asset for one token and field, now or at any moment before. */
export function doubledAssets(index: Indexed): Violation[] {
  return [...index.deedsOf].flatMap(([key, deeds]) => {
    const live = new Map<string, Deed>();
    const found: Violation[] = [];
    for (const deed of deeds) {
      if (deed.method === "DeleteToken") live.clear();
      if (deed.method !== "CreateAsset" || deed.field === null) continue;
      const before = live.get(deed.field);
      if (before !== undefined && !deletedBetween(index, before, deed)) {
        const message = `expected one CreateAsset for ${deed.field}, but call ${deed.id} made asset ${deed.assetId} beside asset ${before.assetId} of call ${before.id}`;
        found.push(violation("asset.doubled", placeOf(index, key), message));
      }
      live.set(deed.field, deed);
    }
    return found;
  });
}

const deletedBetween = ({ upstream }: Indexed, made: Deed, again: Deed): boolean =>
  upstream.calls.some(
    ({ method, assetId, status, acted }) =>
      method === "DeleteAsset" &&
      status === 200 &&
      assetId === made.assetId &&
      acted !== null &&
      acted > made.acted &&
      acted < again.acted,
  );

/** The completed job that wrote the token last. */
export function lastCompleted(jobs: readonly JobFact[]): JobFact | undefined {
  return jobs
    .filter(({ state }) => state === "completed")
    .reduce<JobFact | undefined>(
      (last, job) => (last && last.stateAt >= job.stateAt ? last : job),
      undefined,
    );
}

/** Which row speaks of the token; the newest, where several do. */
function placeOf(index: Indexed, key: TokenKey): Place {
  const job = index.jobsOfToken.get(key)?.at(-1);
  return job ? { batchId: job.batchId, line: job.line, token: key } : { token: key };
}
