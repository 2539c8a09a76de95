/** A job's row as the API shows it. No I/O. No clock. */

import type { z } from "zod";
import type { AttemptView, Job } from "../../../shared/api/contract.ts";
import type { Config } from "../../../shared/config.ts";
import { type AttemptRecord, jobId } from "../../../shared/job/job.ts";
import { publicTokenUrl } from "../../../shared/sequence/addresses.ts";
import type { JobRow } from "../../../shared/store/job-views.ts";
import { iso, isoOrNull } from "./time.ts";

type Host = Pick<Config, "metadataUrl" | "projectId">;

export const jobView = (host: Host, row: JobRow): Job => ({
  id: jobId({ batchId: row.batch_id, line: row.line }),
  batchId: row.batch_id,
  line: row.line,
  tokenId: row.token_id,
  name: row.name,
  state: row.state,
  outcome: row.outcome,
  attempt: row.attempt,
  step: row.step,
  assets: (row.outputs?.assets ?? []).map(({ field, id, url, sha256, note }) => ({
    field,
    id,
    url,
    sha256,
    ...(note !== undefined && { note }),
  })),
  publicUrl: publicUrlOf(host, row),
  scheduledAt: isoOrNull(row.scheduled_at),
  error: row.error,
  attempts: (row.attempts ?? []).map(attemptView),
});

export const attemptView = (record: AttemptRecord): z.infer<typeof AttemptView> => ({
  ...record,
  startedAt: iso(record.startedAt),
  endedAt: iso(record.endedAt),
});

/** A token is public only while both are: it is non-private, and its collection is published. */
const publicUrlOf = ({ metadataUrl, projectId }: Host, row: JobRow): string | null =>
  row.outputs?.published && row.collection_published
    ? publicTokenUrl(metadataUrl, projectId, row.collection_id, row.token_id)
    : null;
