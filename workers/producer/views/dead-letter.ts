/** Dead letters and replays as the API shows them. No I/O. No clock. */
import { type DeadLetter, DeadLetterDetail, type Replay } from "../../../shared/api/contract.ts";
import { jobId } from "../../../shared/job/job.ts";
import type { DeadLetterDetailRow, DeadLetterRow } from "../../../shared/store/dead-letters.ts";
import type { ReplayRow } from "../../../shared/store/replays.ts";
import { attemptView } from "./job.ts";
import { iso } from "./time.ts";

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
  createdAt: iso(row.created_at),
});

export const deadLetterDetailView = (row: DeadLetterDetailRow): DeadLetterDetail => ({
  ...deadLetterView(row),
  row: row.args,
  attemptRecords: (row.attempt_records ?? []).map(attemptView),
  response: DeadLetterDetail.shape.response.parse(row.response),
});

/** A replay has no state of its own: it is over when none of its jobs is open. */
export const replayView = ({ id, selected, done, completed, deadAgain }: ReplayRow): Replay => ({
  id,
  state: done === selected ? "finished" : "running",
  selected,
  done,
  completed,
  deadAgain,
});
