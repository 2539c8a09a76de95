/** `mintline submit FILE`: a file and its art in, a batch out. */
import { basename } from "node:path";
import type { Command } from "commander";
import { LIMITS } from "../../shared/limits.ts";
import { openSubmission, withMedia } from "../archive/open.ts";
import { sendArt } from "../art.ts";
import { headline, watchBatch } from "../batch-report.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode, tellFault } from "../failure.ts";
import { tellTrouble } from "../parts.ts";
import { sendSource } from "../source.ts";
import { contentTypeOf, type SubmitOptions, submissionQuery, withSubmitOptions } from "../submission.ts";

export function registerSubmit(program: Command): void {
  withSubmitOptions(program.command("submit"))
    .summary("submit a file of collectibles")
    .description(
      "Submits a CSV, JSON Lines or JSON with one row a collectible, or a ZIP or folder of one with its media. The whole file is validated before anything is written. With --media, the folder's files that rows use are sent first, and names that are missing, ambiguous or unused are told before anything runs.",
    )
    .argument("<file>", "CSV, JSON Lines, JSON, a ZIP or a folder; - reads standard input")
    .addHelpText(
      "after",
      `
Examples:
  npx --no mintline submit relics.csv --media ./art --collection 900 --watch
  npx --no mintline submit relics.csv --dry-run
  npx --no mintline submit punks.csv --template "name=CryptoPunk #{id}" --first 10 --watch
  cat relics.csv | npx --no mintline submit - --name relics`,
    )
    .action((file: string, options: SubmitOptions, command: Command) =>
      run(command, (context) => submit(context, file, options)),
    );
}

async function submit(context: Context, file: string, options: SubmitOptions): Promise<ExitCode> {
  const { client, terminal, failed } = context;
  const opened = await openSubmission(file, LIMITS.uploadMaxBytes);
  if (!opened.ok) return tellFault(terminal, opened.error);
  const { file: table, bytes, notes } = opened.value;
  terminal.note(...notes);
  const art = await sendArt(context, table, bytes, withMedia(options, opened.value));
  if (!art.ok) return art.error;
  const source = await sendSource(client, terminal, file === "-" ? "standard input" : basename(file), bytes);
  if (!source.ok) return tellTrouble(context, source.error);
  const { body, uploadId } = source.value;
  const submitted = await client.submit(body, {
    query: { ...submissionQuery(options, file, art.value), uploadId },
    contentType: contentTypeOf(table),
    ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
  });
  if (!submitted.ok) return failed(submitted.error);
  const batch = submitted.value;
  terminal.emit(batch);
  terminal.say(headline(batch));
  // A plan that nobody waits for helps nobody.
  if (options.watch || options.dryRun) {
    return watchBatch(context, batch.id, { named: true });
  }
  terminal.say(`follow it: ${context.typed(`watch ${batch.id}`)}`);
  if (options.publish && !batch.collectionPublished) {
    terminal.say(
      `not public unless the collection is: ${context.typed(`collection publish ${batch.collectionId}`)}`,
    );
  }
  return EXIT.good;
}
