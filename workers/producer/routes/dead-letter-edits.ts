/** Correcting dead rows where they stand: one by its id, many by a patch. Replaying them is another request. */
import type { Context } from "hono";
import * as z from "zod";
import { EditRequest, type Patched, type Problem } from "../../../shared/api/contract.ts";
import { problem } from "../../../shared/api/problems.ts";
import {
  errorAt,
  isError,
  type Place,
  type ProblemText,
  type RowProblem,
} from "../../../shared/intake/problem.ts";
import { jobId, parseJobId } from "../../../shared/job/job.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import { readDeadLetter } from "../../../shared/store/dead-letters.ts";
import { editJobs } from "../../../shared/store/edits.ts";
import { readJson, readUpTo, tooLarge } from "../body.ts";
import type { App } from "../context.ts";
import { openBatchFile } from "../edits/batch-file.ts";
import { columnNamed } from "../edits/change.ts";
import { readDetail } from "../edits/detail.ts";
import { judgeEdits } from "../edits/edit.ts";
import { judgePatch } from "../edits/patch.ts";
import { readPatch } from "../edits/patch-file.ts";
import { editInvalid, noFile, overtaken, unknownColumn } from "../edits/problems.ts";
import { notFound, refuse } from "../problem.ts";
import { NoQuery, readQuery, textUpTo } from "../query.ts";

type C = Context<App>;

export async function patchDeadLetter(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const id = c.req.param("jobId") ?? "";
  const body = await readJson(c.req.raw, EditRequest);
  if (!body.ok) return refuse(body.error);
  const key = parseJobId(id);
  const letter = key && (await readDeadLetter(ctx.db, ctx.config.target, key));
  if (!key || !letter) return refuse(notFound("dead_letter.not_found", id));
  if (letter.state !== "open") return refuse(notOpen(id, letter.state));
  const file = await openBatchFile(ctx, key.batchId);
  const place = { line: key.line, column: "", value: null };
  if (!file.ok) return refuse(noFileToEdit(noFile(key, file.error), place));
  const { batch, plan } = file.value;
  if (batch.state === "cancelled") return refuse(batchCancelled(id));
  const named = Object.entries(body.value.cells).map(
    ([column, value]) => [column, columnNamed(plan, column), value] as const,
  );
  const unknown = named.flatMap(([column, index]) =>
    index === null ? [errorAt({ ...place, column }, unknownColumn(column, plan.headers))] : [],
  );
  if (unknown.length > 0) return refuse(editInvalid(unknown));
  const cells = new Map(named.map(([, index, value]) => [index ?? -1, value]));
  const asked = { letterId: letter.id, line: key.line, cells, place: null };
  const written = await write(c, [await judgeEdits(ctx, key.batchId, [asked], file.value)]);
  if (!written.ok) return refuse(written.error);
  const detail = await readDetail(ctx, key);
  return detail
    ? c.json({ ...detail, warnings: written.value.warnings })
    : refuse(notFound("dead_letter.not_found", id));
}

const PatchQuery = z.object({ batchId: textUpTo(100).optional() });

/** All or nothing: every defect of every row is listed, and nothing is changed while there is one. */
export async function patchDeadLetters(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, PatchQuery);
  if (!query.ok) return refuse(query.error);
  const contentType = c.req.header("content-type") ?? null;
  if (contentType !== null && !/^\s*(text\/csv|application\/vnd\.ms-excel)\s*(;|$)/i.test(contentType)) {
    return refuse(unsupported(contentType));
  }
  const bytes = await readUpTo(c.req.raw.body, LIMITS.patchBytes);
  if (bytes === null) return refuse(tooLarge(LIMITS.patchBytes, "Send the patch in several files."));
  const patch = await readPatch(bytes, contentType);
  if (!patch.ok) return refuse(editInvalid(patch.error));
  const judged = await judgePatch(ctx, patch.value, query.value.batchId ?? null);
  const written = await write(c, judged);
  return written.ok ? c.json(written.value) : refuse(written.error);
}

type Judged = Awaited<ReturnType<typeof judgeEdits>>;

async function write(c: C, judged: readonly Judged[]): Promise<Result<Patched, Problem>> {
  const { ctx, caller } = c.var;
  const problems: RowProblem[] = judged.flatMap((one) => one.problems);
  if (problems.some(isError)) return fail(editInvalid(problems));
  const rows = judged.flatMap((one) => one.rows);
  const given = { rows, target: ctx.config.target, by: caller.name, now: ctx.now() };
  const edited = rows.length === 0 ? 0 : await editJobs(ctx.db, given);
  if (edited > 0) {
    const columns = [...new Set(rows.flatMap(({ cells }) => Object.keys(cells)))];
    ctx.log.info("dead_letters.edited", { edited, columns, by: caller.name });
  }
  if (edited < rows.length) return fail(overtaken(rows.length, edited));
  return ok({
    edited,
    unchanged: judged.reduce((sum, one) => sum + one.unchanged, 0),
    jobIds: rows.map(jobId),
    warnings: problems.slice(0, LIMITS.patchProblems),
  });
}

/** A row that lives in another batch is not wrong; one whose file is gone cannot be right. */
const noFileToEdit = (text: ProblemText, place: Place): Problem =>
  text.code === "edit.follow_up"
    ? problem("edit.follow_up", text.message, text.next)
    : editInvalid([errorAt(place, text)]);

const notOpen = (id: string, got: string): Problem =>
  problem(
    "dead_letter.wrong_state",
    `Expected an open dead letter of ${id}, got one that is ${got}.`,
    got === "replayed"
      ? "Wait what becomes of the job (GET /v1/jobs/{id}); only a dead row can be changed."
      : "A discarded row stays as it is: submit it again, corrected, in a new file.",
    { got },
  );

const batchCancelled = (id: string): Problem =>
  problem(
    "batch.cancelled",
    `The batch of ${id} was cancelled: its jobs are never run again, so there is nothing to correct them for.`,
    "Submit the corrected row in a new file.",
  );

const unsupported = (type: string): Problem =>
  problem(
    "body.unsupported",
    `Expected text/csv, got ${type}.`,
    "Send the patch as CSV with Content-Type: text/csv; for one row, PATCH /v1/dead-letters/{jobId} takes JSON.",
  );
