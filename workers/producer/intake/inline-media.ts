/** Media that stood in a cell as a data URL: stored under its hash, like a file of a set, before its job is. */
import type { ColumnPlan } from "../../../shared/intake/columns.ts";
import type { InlineMedia } from "../../../shared/intake/data-url.ts";
import { writeArgs } from "../../../shared/intake/json.ts";
import { wrongMedia } from "../../../shared/intake/media-problems.ts";
import { errorAt, type ProblemText } from "../../../shared/intake/problem.ts";
import type { CheckedRow } from "../../../shared/intake/row.ts";
import type { JobArgs } from "../../../shared/job/job.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { fieldAccepts } from "../../../shared/media/kinds.ts";
import { putMedia } from "../../../shared/media/store.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";

type Valid = CheckedRow & { kind: "valid" };

/** The row with what its bytes really are, or as invalid where they are no media. */
export async function storeInline(bucket: R2Bucket, row: Valid, plan: ColumnPlan): Promise<CheckedRow> {
  let { args } = row;
  for (const inline of row.inline) {
    const stored = await store(bucket, inline);
    if (!stored.ok) {
      const index = plan.fields[inline.field];
      const column = index === undefined ? inline.field : (plan.headers[index] ?? inline.field);
      const problem = errorAt({ line: row.line, column, value: inline.source.fileName }, stored.error);
      return { kind: "invalid", line: row.line, problems: [...row.problems, problem] };
    }
    args = withType(args, inline, stored.value);
  }
  return { ...row, args, text: writeArgs(args) };
}

/** @returns the type that the bytes themselves show; the URL's own words are only a claim. */
async function store(
  bucket: R2Bucket,
  { field, source, content }: InlineMedia,
): Promise<Result<string, ProblemText>> {
  const put = await putMedia(bucket, new Response(content).body, {
    declaredBytes: content.length,
    maxBytes: LIMITS.mediaMaxBytes,
    where: source.fileName,
  });
  if (!put.ok) return fail({ ...put.error, code: put.error.code.replace(/^media\./, "row.media_") });
  const { contentType } = put.value;
  return fieldAccepts(field, contentType)
    ? ok(contentType)
    : fail(wrongMedia(field, source.fileName, contentType));
}

const withType = (args: JobArgs, inline: InlineMedia, contentType: string): JobArgs => ({
  ...args,
  media: args.media.map((media) =>
    media.field === inline.field ? { ...media, source: { ...inline.source, contentType } } : media,
  ),
});
