/** Every row has a job, every job an end, and what is completed is upstream as its row says. Pure. */
import { type JobArgs, type JobMedia, jobId } from "../../job/job.ts";
import type { BatchFact, JobFact, TokenFact } from "../facts.ts";
import { type Indexed, type TokenKey, tokenKey } from "../index-facts.ts";
import { type Violation, violation } from "../violation.ts";
import { lastCompleted } from "./tokens.ts";

const FINAL_IN = {
  finished: new Set(["completed", "dead"]),
  cancelled: new Set(["completed", "dead", "cancelled"]),
} as const;

export function lostJobs(index: Indexed): Violation[] {
  return index.store.batches.filter(hasBegun).flatMap((batch) => {
    const jobs = index.jobsOfBatch.get(batch.id) ?? [];
    return [...missingRows(batch, jobs.length), ...openJobs(batch, jobs)];
  });
}

/** From then on rows, jobs and counters must add up; before that intake is still writing them. */
export const hasBegun = ({ startedAt }: BatchFact): boolean => startedAt !== null;

function missingRows({ id, rowsTotal, rowsValid, rowsInvalid }: BatchFact, jobs: number): Violation[] {
  const wrong: string[] = [];
  if (jobs !== rowsValid) wrong.push(`expected a job for each of ${rowsValid} valid rows, found ${jobs}`);
  if (rowsValid + rowsInvalid !== rowsTotal) {
    wrong.push(
      `expected valid and invalid rows to add up to ${rowsTotal}, found ${rowsValid} and ${rowsInvalid}`,
    );
  }
  return wrong.map((message) => violation("job.lost", { batchId: id }, message));
}

function openJobs({ id, state, collectionId }: BatchFact, jobs: readonly JobFact[]): Violation[] {
  if (state !== "finished" && state !== "cancelled") return [];
  return jobs
    .filter((job) => !(FINAL_IN[state] as ReadonlySet<string>).has(job.state))
    .map((job) =>
      violation(
        "job.lost",
        { batchId: id, line: job.line, token: tokenKey(collectionId, job.tokenId) },
        `the batch is ${state}, and the job is still ${job.state}`,
      ),
    );
}

/** Asked of the job that wrote the token last, and only if no later one has begun to write it again. */
export function differingJobs(index: Indexed): Violation[] {
  return [...index.writersOfToken].flatMap(([key, jobs]) => {
    const job = lastCompleted(jobs);
    if (!job?.outputs?.token || jobs.some((other) => isWritingAfter(other, job))) return [];
    return differences(index, key, job).map((message) =>
      violation("job.differs", { batchId: job.batchId, line: job.line, token: key }, message),
    );
  });
}

const isWritingAfter = (other: JobFact, job: JobFact): boolean =>
  jobId(other) !== jobId(job) &&
  other.claims > 0 &&
  other.state !== "completed" &&
  other.stateAt > job.stateAt;

function differences(index: Indexed, key: TokenKey, job: JobFact): string[] {
  const token = index.tokenOf.get(key);
  if (token === undefined) return ["the job is completed, and the token is not there"];
  const publish = index.batchOf.get(job.batchId)?.options.publish ?? true;
  const flag =
    token.isPrivate === publish ? [`expected it ${publish ? "public" : "private"}, and it is not`] : [];
  return [
    ...flag,
    ...metadataDifferences(job.args.token, token),
    ...job.args.media.flatMap((media) => mediaDifferences(index, key, job, media)),
  ];
}

/** Under Sequence's names; absent, "", null and empty lists and objects are one on the wire. */
function metadataDifferences(row: JobArgs["token"], { metadata }: TokenFact): string[] {
  const expected: Record<string, unknown> = { external_url: "", background_color: "", ...row };
  return Object.entries(expected).flatMap(([name, value]) =>
    canonical(value) === canonical(metadata[name])
      ? []
      : [`${name}: expected ${shown(value)}, found ${shown(metadata[name])}`],
  );
}

function mediaDifferences(
  index: Indexed,
  key: TokenKey,
  job: JobFact,
  { field, source }: JobMedia,
): string[] {
  const known = job.outputs?.assets.find((asset) => asset.field === field);
  if (known === undefined) return [`${field}: the job is completed without an asset on record`];
  const there = (index.assetsOf.get(key) ?? []).find(({ id }) => id === known.id);
  if (there === undefined) return [`${field}: expected asset ${known.id}, and it is not there`];
  const expected = [
    ["as the job has it on record", known.sha256],
    ["as the row names it", source.kind === "set" ? source.sha256 : index.mediaAt?.(source.url)],
  ] as const;
  return expected.flatMap(([who, sha256]) =>
    sha256 === undefined || sha256 === there.sha256
      ? []
      : [
          `${field}: expected bytes with SHA-256 ${shortly(sha256)} ${who}, found ${shortly(there.sha256)} in asset ${known.id}`,
        ],
  );
}

const shortly = (sha256: string | null): string => (sha256 === null ? "none" : `${sha256.slice(0, 12)}…`);
const shown = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 120);

/** JSON with sorted keys: the service may give maps back in its own order. */
function canonical(value: unknown): string {
  const isEmpty =
    value === undefined ||
    value === null ||
    value === "" ||
    (typeof value === "object" && Object.keys(value).length === 0);
  if (isEmpty) return "";
  return JSON.stringify(value, (_key, one: unknown) =>
    one !== null && typeof one === "object" && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
