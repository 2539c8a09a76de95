/** The main job: a collection, a CSV with its art, and both made public. Each step ends in a value or is told. */
import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import type { Batch, Collection } from "../../shared/api/contract.ts";
import { fail, ok, type Result } from "../../shared/result.ts";
import { sendArt } from "../art.ts";
import { headline } from "../batch-report.ts";
import { endText, finishedJobs, progressText } from "../batch-text.ts";
import type { Context } from "../context.ts";
import type { ExitCode } from "../failure.ts";
import { followBatch } from "../follow.ts";
import { submissionQuery } from "../submission.ts";
import { ART, readCollectionFile } from "./examples.ts";

/** What went wrong has been told; the error is the exit code. */
type Told<T> = Promise<Result<T, ExitCode>>;

export async function createCollection(context: Context): Told<Collection> {
  const { client, terminal, failed } = context;
  const { input, image } = await readCollectionFile();
  const created = await client.createCollection(input);
  if (!created.ok) return fail(failed(created.error));
  const withCover = await client.putCollectionImage(created.value.id, await openAsBlob(image));
  if (!withCover.ok) return fail(failed(withCover.error));
  terminal.say(`collection ${withCover.value.id}  ${withCover.value.name}, with its cover`);
  return withCover;
}

export async function submitWithArt(context: Context, file: string, collection: number): Told<Batch> {
  const source = await openAsBlob(file);
  const art = await sendArt(context, file, source, { media: ART, publish: true, collection });
  if (!art.ok) return art;
  return submitAndFollow(context, file, source, collection, art.value);
}

/** Submits and shows a batch until it rests. */
export async function submitAndFollow(
  context: Context,
  file: string,
  source: Blob,
  collection: number,
  mediaSet: string | null,
): Told<Batch> {
  const query = submissionQuery({ publish: true, collection }, basename(file), mediaSet);
  const submitted = await context.client.submit(source, { query, contentType: "text/csv" });
  if (!submitted.ok) return fail(context.failed(submitted.error));
  context.terminal.say(headline(submitted.value));
  const ended = await follow(context, submitted.value.id);
  if (ended.ok) context.terminal.say(endText(ended.value));
  return ended;
}

export async function follow(context: Context, id: string): Told<Batch> {
  const progress = context.terminal.progress();
  const ended = await followBatch(context.client, context, id, {
    reading: (batch) => progress.update(finishedJobs(batch), batch.rows.valid, progressText(batch)),
    lost: () => {},
  });
  progress.stop();
  return ended.ok ? ended : fail(context.failed(ended.error));
}

export async function publishCollection(context: Context, id: number): Told<Collection> {
  const published = await context.client.publishCollection(id);
  if (!published.ok) return fail(context.failed(published.error));
  // Publishing answers without the addresses in some versions of the service; a reading has them.
  const read = await context.client.collection(id);
  if (!read.ok) return fail(context.failed(read.error));
  context.terminal.say(`published  ${read.value.baseUri}`);
  return ok(read.value);
}
