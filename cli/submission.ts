/** The options of `submit` as the API takes them; `validate` reads a file by the same ones. */
import { basename, extname } from "node:path";
import { type Command, Option } from "commander";
import type { Query } from "../shared/api/call.ts";
import { PRIORITIES } from "../shared/job/batch.ts";
import { pair, text, tokenId, wholeNumber } from "./options.ts";

/** How the file is to be read: what `submit` and `validate` share. */
export type ReadingOptions = {
  collection?: number;
  template?: Record<string, string>;
  map?: Record<string, string>;
  tokenIds?: "file" | "derived" | "sequential";
  firstTokenId?: string;
};

export type SubmitOptions = ReadingOptions & {
  name?: string;
  media?: string;
  mediaSet?: string;
  /** Also files that no row uses. */
  allMedia?: boolean;
  onInvalid?: "stop" | "skip";
  onExisting?: "fail" | "update" | "skip";
  first?: number;
  dryRun?: boolean;
  force?: boolean;
  refreshMedia?: boolean;
  publish: boolean;
  priority?: string;
  idempotencyKey?: string;
  watch?: boolean;
};

export const withReadingOptions = (command: Command): Command =>
  command
    .option(
      "--collection <id>",
      "collection of the tokens (default: COLLECTION_ID of the server)",
      wholeNumber(1),
    )
    .option("--template <field=text>", "fill a field the file lacks, as name=Relic #{id}; many times", pair)
    .option("--map <field=column>", "take a field from a column of another name; many times", pair)
    .addOption(
      new Option("--token-ids <how>", "where ids come from if the file has none").choices([
        "file",
        "derived",
        "sequential",
      ]),
    )
    .option("--first-token-id <n>", "first id of --token-ids sequential (default 0)", tokenId);

export const withSubmitOptions = (command: Command): Command =>
  withReadingOptions(command)
    .option("--media <folder>", "folder with the media files that rows name")
    .option("--media-set <name>", "keep them under this name (default: made from the contents)", text)
    .option("--all-media", "also send the files of the folder that no row uses")
    .option("--name <name>", "name of the batch (default: name of the file)", text)
    .addOption(
      new Option(
        "--on-invalid <what>",
        "stop: one bad row and nothing runs (default); skip: run the rest",
      ).choices(["stop", "skip"]),
    )
    .addOption(
      new Option(
        "--on-existing <what>",
        "a token upstream that this deployment did not make: fail (default), update or skip",
      ).choices(["fail", "update", "skip"]),
    )
    .option("--first <n>", "a trial: run n rows, then pause", wholeNumber(1))
    .option("--dry-run", "validate and plan, run nothing; waits for the plan")
    .option("--force", "also run rows that are unchanged")
    .option("--refresh-media", "fetch media again even if its URL is unchanged")
    .option("--no-publish", "leave the tokens private, until `publish BATCH`")
    .addOption(
      new Option("--priority <priority>", "beside other batches: high, normal (default) or low").choices(
        PRIORITIES,
      ),
    )
    .option("--idempotency-key <key>", "the same key and file give the same batch", text)
    .option("--watch", "follow the batch until it rests");

export function submissionQuery(options: SubmitOptions, file: string, mediaSet: string | null): Query {
  return {
    name: options.name ?? (file === "-" ? undefined : basename(file)),
    collectionId: options.collection,
    onInvalid: options.onInvalid,
    onExisting: options.onExisting,
    publish: options.publish ? undefined : false,
    priority: options.priority,
    dryRun: options.dryRun,
    first: options.first,
    force: options.force,
    refreshMedia: options.refreshMedia,
    mediaSet,
    tokenIds: options.tokenIds,
    firstTokenId: options.firstTokenId,
    ...bracketed("template", options.template),
    ...bracketed("map", options.map),
  };
}

const bracketed = (name: string, pairs: Record<string, string> = {}): Query =>
  Object.fromEntries(Object.entries(pairs).map(([field, value]) => [`${name}[${field}]`, value]));

const TYPES: Readonly<Record<string, string>> = {
  ".json": "application/json",
  ".jsonl": "application/x-ndjson",
  ".ndjson": "application/x-ndjson",
};

export const contentTypeOf = (file: string): string => TYPES[extname(file).toLowerCase()] ?? "text/csv";
