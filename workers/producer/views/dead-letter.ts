/** Dead letters, their groups and replays as the API shows them. No I/O. No clock. */
import {
  type DeadLetter,
  DeadLetterDetail,
  type DeadLetterGroup,
  type Replay,
} from "../../../shared/api/contract.ts";
import { normaliseMessage } from "../../../shared/job/fingerprint.ts";
import { jobId } from "../../../shared/job/job.ts";
import { SECOND } from "../../../shared/limits.ts";
import type { GroupRow } from "../../../shared/store/dead-letter-groups.ts";
import type { DeadLetterDetailRow, DeadLetterRow } from "../../../shared/store/dead-letters.ts";
import type { EditRow } from "../../../shared/store/edits.ts";
import type { ReplayRow } from "../../../shared/store/replays.ts";
import { attemptView } from "./job.ts";
import { iso, isoOrNull } from "./time.ts";

export const deadLetterView = (row: DeadLetterRow): DeadLetter => ({
  jobId: jobId({ batchId: row.batch_id, line: row.line }),
  batchId: row.batch_id,
  line: row.line,
  tokenId: row.token_id,
  name: row.name,
  state: row.state,
  step: row.step,
  code: row.code,
  message: row.message,
  next: row.next,
  httpStatus: row.http_status,
  host: row.host,
  attempts: row.attempts,
  fingerprint: row.fingerprint,
  createdAt: iso(row.created_at),
});

export const deadLetterDetailView = (
  row: DeadLetterDetailRow,
  submitted: DeadLetterDetail["submitted"],
  edits: readonly EditRow[],
): DeadLetterDetail => ({
  ...deadLetterView(row),
  row: row.args,
  attemptRecords: (row.attempt_records ?? []).map(attemptView),
  response: DeadLetterDetail.shape.response.parse(row.response),
  submitted,
  edits: edits.map((edit) => ({
    at: iso(edit.edited_at),
    by: edit.edited_by,
    cells: Object.fromEntries(
      Object.entries(edit.cells).map(([header, { from, to }]) => [header, { from, to }]),
    ),
    tokenIdBefore: edit.token_id,
  })),
});

export const deadLetterGroupView = (row: GroupRow): DeadLetterGroup => ({
  fingerprint: row.fingerprint,
  step: row.step,
  code: row.code,
  message: normaliseMessage(row.message, row.http_status),
  example: row.message,
  httpStatus: row.http_status,
  host: row.host,
  count: row.n,
  firstAt: iso(row.first_at),
  lastAt: iso(row.last_at),
  sampleJobIds: [
    ...new Set([
      jobId({ batchId: row.newest_batch, line: row.newest_line }),
      jobId({ batchId: row.oldest_batch, line: row.oldest_line }),
    ]),
  ],
  next: row.next,
});

/** @param now epoch ms, for the speed of one that is under way. */
export function replayView(row: ReplayRow, resting: number, now: number): Replay {
  const done = row.completed + row.dead_again + row.cancelled;
  const seconds = Math.max(0, (row.ended_at ?? now) - row.created_at) / SECOND;
  return {
    id: row.id,
    state: row.state === "selecting" ? "running" : row.state,
    selected: row.selected,
    waiting: Math.max(0, row.selected - row.put_back - row.left_out),
    done,
    completed: row.completed,
    deadAgain: row.dead_again,
    left: row.left_out,
    resting,
    perSecond: row.per_second,
    ratePerSecond: seconds > 0 ? Math.round((done / seconds) * 100) / 100 : 0,
    createdAt: iso(row.created_at),
    endedAt: isoOrNull(row.ended_at),
  };
}
