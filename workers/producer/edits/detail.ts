/** One dead letter in full: what D1 knows of it, and its row as it stands in the submitted file. */
import type { DeadLetterDetail } from "../../../shared/api/contract.ts";
import { shorten } from "../../../shared/intake/problem.ts";
import type { JobKey } from "../../../shared/job/job.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { readDeadLetter } from "../../../shared/store/dead-letters.ts";
import { listEdits } from "../../../shared/store/edits.ts";
import type { ProducerContext } from "../context.ts";
import { deadLetterDetailView } from "../views/dead-letter.ts";
import { cellsOf, openBatchFile, recordsOn, textOf } from "./batch-file.ts";

export async function readDetail(ctx: ProducerContext, key: JobKey): Promise<DeadLetterDetail | null> {
  const row = await readDeadLetter(ctx.db, ctx.config.target, key);
  if (row === null) return null;
  // An orphan of the platform has no row anywhere.
  const submitted = row.args === null ? null : await readSubmitted(ctx, key);
  return deadLetterDetailView(row, submitted, await listEdits(ctx.db, key));
}

async function readSubmitted(
  ctx: ProducerContext,
  { batchId, line }: JobKey,
): Promise<DeadLetterDetail["submitted"]> {
  const file = await openBatchFile(ctx, batchId);
  if (!file.ok)
    return file.error.why === "gone" ? null : readSubmitted(ctx, { batchId: file.error.sourceId, line });
  for await (const record of recordsOn(file.value, [line])) {
    const text = shorten(await textOf(file.value, record), LIMITS.submittedChars);
    return { text, cells: cellsOf(record, file.value.plan.headers) };
  }
  return null;
}
