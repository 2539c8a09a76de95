/** What is held: the manifest points to whoever was last taken for a token, leases end with their jobs. Pure. */
import { jobId } from "../../job/job.ts";
import type { JobFact, ManifestFact } from "../facts.ts";
import { type Indexed, type TokenKey, tokenKey } from "../index-facts.ts";
import { type Violation, violation } from "../violation.ts";

export function wrongManifest(index: Indexed): Violation[] {
  const unlisted = [...index.writersOfToken].flatMap(([key, jobs]) =>
    index.manifestOf.has(key)
      ? []
      : jobs
          .filter(({ claims }) => claims > 0)
          .map((job) => told(key, job, "the job was taken for it, and the manifest does not know the token")),
  );
  return [...unlisted, ...index.store.manifest.flatMap((row) => wrongRow(index, row))];
}

const told = (token: TokenKey, { batchId, line }: { batchId: string; line: number }, message: string) =>
  violation("manifest.wrong", { batchId, line, token }, message);

/**
 * A row without a batch was written by intake for somebody else's token that nobody was taken for yet, or it is the
 * token that an edited row had before.
 */
function wrongRow(index: Indexed, row: ManifestFact): Violation[] {
  const key = tokenKey(row.collectionId, row.tokenId);
  const jobs = index.writersOfToken.get(key) ?? [];
  const claims = jobs.reduce((sum, job) => sum + job.claims, 0);
  if (row.batchId === "" && (claims === 0 || index.leftTokens.has(key))) return [];
  const pointed = index.jobById.get(jobId(row));
  if (pointed === undefined || !jobs.includes(pointed)) {
    return [told(key, row, "the manifest points there, and no job of this token stands there")];
  }
  const later = jobs.find((job) => job !== pointed && wasTakenAfter(job, pointed));
  return [
    ...(row.claims < claims
      ? [
          told(
            key,
            row,
            `the manifest counts ${row.claims} claims, the token's jobs were taken ${claims} times`,
          ),
        ]
      : []),
    ...(later === undefined
      ? []
      : [told(key, row, `the manifest points there, but ${jobId(later)} was taken for it later`)]),
  ];
}

function wasTakenAfter(job: JobFact, pointed: JobFact): boolean {
  if (job.state === "running") return true;
  const begun = job.attempts.at(-1)?.startedAt;
  const ended = pointed.attempts.at(-1)?.endedAt;
  return begun !== undefined && ended !== undefined && pointed.state !== "running" && begun > ended;
}

/** Both ways: a right that outlived its work, and work that nobody has the right to. */
export function wrongLeases(index: Indexed): Violation[] {
  const held = new Set(index.store.leases.map(({ id }) => id));
  const left = index.store.leases.flatMap(({ id, jobs }) => {
    const over = jobs.filter(({ b }) => isOver(index, b));
    if (over.length === 0) return [];
    const lines = over.map(({ l }) => l).join(", ");
    return [
      violation(
        "lease.left",
        { batchId: over[0]?.b ?? "" },
        `lease ${id} over lines ${lines} is there, and the batch is over`,
      ),
    ];
  });
  const missing = index.store.jobs
    .filter(({ state, leaseId }) => state === "running" && !held.has(leaseId ?? ""))
    .map(({ batchId, line, leaseId }) =>
      violation(
        "lease.missing",
        { batchId, line },
        `the job is running under lease ${leaseId}, and there is none`,
      ),
    );
  return [...left, ...missing];
}

const isOver = ({ batchOf }: Indexed, batchId: string): boolean =>
  ["finished", "cancelled"].includes(batchOf.get(batchId)?.state ?? "");
