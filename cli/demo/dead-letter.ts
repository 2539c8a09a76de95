/**
 * The second file: one row names media that its host does not have. It becomes a dead letter that says why; the
 * cause is mended, as a person would by putting the file where it belongs; the replay publishes the row.
 */
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Batch, DeadLetter } from "../../shared/api/contract.ts";
import { fail, ok, type Result } from "../../shared/result.ts";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { followReplay } from "../follow.ts";
import { BROKEN, MEND_DIR, MENDED_FILE } from "./examples.ts";
import { follow, submitAndFollow } from "./main-job.ts";

export type BrokenRun = { readonly csv: string; readonly batch: Batch };

/** Ends with the batch after the replay, and with the file as it was submitted. */
export async function breakAndMend(
  context: Context,
  collection: number,
  mediaHost: string,
  mediaDir: string,
): Promise<Result<BrokenRun, ExitCode>> {
  const csv = (await readFile(BROKEN, "utf8")).replaceAll("{MEDIA_HOST}", mediaHost);
  const submitted = await submitAndFollow(context, BROKEN, new Blob([csv]), collection, null);
  if (!submitted.ok) return submitted;
  const letters = await tellDeadLetters(context, submitted.value.id);
  if (!letters.ok) return letters;
  if (letters.value.length !== 1) {
    context.terminal.complain(`Expected one dead letter of ${BROKEN}, got ${letters.value.length}.`);
    return fail(EXIT.rows);
  }
  await copyFile(join(MEND_DIR, MENDED_FILE), join(mediaDir, MENDED_FILE));
  context.terminal.say(`mended: ${MENDED_FILE} now lies where the media host looks for it`);
  const batch = await replay(context, letters.value);
  return batch.ok ? ok({ csv, batch: batch.value }) : batch;
}

/** Each dead letter of a batch with its reason; also asked for where none should be. */
export async function tellDeadLetters(
  { client, terminal, failed }: Context,
  batchId: string,
): Promise<Result<DeadLetter[], ExitCode>> {
  const page = await client.deadLetters({ batchId });
  if (!page.ok) return fail(failed(page.error));
  for (const letter of page.value.items) {
    terminal.say(
      `dead letter: line ${letter.line}, token ${letter.tokenId} "${letter.name}": ${letter.code} in ${letter.step}`,
      `  ${letter.message}`,
      `  next: ${letter.next}`,
    );
  }
  return ok(page.value.items);
}

async function replay(context: Context, letters: readonly DeadLetter[]): Promise<Result<Batch, ExitCode>> {
  const { client, terminal, failed } = context;
  const jobIds = letters.map((letter) => letter.jobId);
  const started = await client.replayDeadLetters({ filter: { jobIds } });
  if (!started.ok) return fail(failed(started.error));
  const progress = terminal.progress();
  const ended = await followReplay(client, context, started.value.id ?? "", {
    reading: ({ done, selected }) => progress.update(done, selected, `${done} of ${selected} replayed`),
    lost: () => {},
  });
  progress.stop();
  if (!ended.ok) return fail(failed(ended.error));
  const { completed, deadAgain } = ended.value;
  terminal.say(`replay: ${completed} completed, ${deadAgain} dead again`);
  return follow(context, letters[0]?.batchId ?? "");
}
