/** `mintline render COLLECTION TOKEN`: a token's media as the public sees it, or through the secret key. */
import { type Command, Option } from "commander";
import { MEDIA_FIELDS } from "../../shared/job/job.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode, type Fault, tellFault, usageFault } from "../failure.ts";
import { type Kept, keepBytes } from "../keep-bytes.ts";
import { tokenId, wholeNumber } from "../options.ts";
import { readPublicToken } from "../public-token.ts";

type Options = { private?: boolean; field: string; out?: string };

export function registerRender(program: Command): void {
  program
    .command("render")
    .summary("fetch a token's media, publicly or privately")
    .description(
      "Without --private: reads the public token at base URI + id without any credentials and follows its media URL, as a marketplace does. With --private: the same media through the API and the secret key, also while token and collection are private.",
    )
    .argument("<collection>", "id of the collection", wholeNumber(1))
    .argument("<token>", "id of the token", tokenId)
    .option("--private", "through the secret key")
    .addOption(new Option("--field <field>", "which media").choices(MEDIA_FIELDS).default("image"))
    .option("-o, --out <file>", "write the bytes there; - is standard output")
    .addHelpText(
      "after",
      `
Examples:
  npx --no mintline render 900 16
  npx --no mintline render 900 16 --private -o relic.png`,
    )
    .action((collection: number, token: string, options: Options, command: Command) =>
      run(command, (context) =>
        options.private
          ? renderPrivately(context, collection, token, options)
          : renderPublicly(context, collection, token, options),
      ),
    );
}

async function renderPublicly(
  context: Context,
  collectionId: number,
  token: string,
  { field, out }: Options,
): Promise<ExitCode> {
  const collection = await context.client.collection(collectionId);
  if (!collection.ok) return context.failed(collection.error);
  const address = collection.value.baseUri + token;
  const read = await readPublicToken(address, field);
  if (!read.ok) {
    const { message, others } = read.error;
    if (others !== null) return tellFault(context.terminal, noSuchMedia(message, others));
    const next = collection.value.published
      ? `The token is private or not there: ${context.typed(`render ${collectionId} ${token} --private`)}`
      : `The collection is private: ${context.typed(`collection publish ${collectionId}`)}`;
    return tellFault(context.terminal, notPublic(message, next));
  }
  const { metadata, mediaUrl, media } = read.value;
  const kept = await keepBytes(media, out);
  if (!kept.ok) return tellFault(context.terminal, kept.error);
  tellFacts(context, out, { token: address, url: mediaUrl, ...kept.value }, metadata);
  return EXIT.good;
}

async function renderPrivately(
  context: Context,
  collectionId: number,
  token: string,
  { field, out }: Options,
): Promise<ExitCode> {
  const asset = await context.client.asset(collectionId, token, field);
  if (!asset.ok) return context.failed(asset.error);
  const kept = await keepBytes(asset.value, out);
  if (!kept.ok) return tellFault(context.terminal, kept.error);
  tellFacts(context, out, { token, url: asset.value.url, ...kept.value });
  return EXIT.good;
}

const notPublic = (message: string, next: string): Fault => ({
  code: "render.not_public",
  message,
  next,
  exit: EXIT.unreachable,
});

const noSuchMedia = (message: string, others: readonly string[]): Fault =>
  usageFault(
    "render.no_media",
    message,
    others.length === 0
      ? "The token is public but has no media: look at its row."
      : `Name a field that it has: --field ${others.join(" or ")}.`,
  );

type Facts = Kept & { token: string; url: string };

function tellFacts({ terminal }: Context, out: string | undefined, facts: Facts, metadata?: unknown): void {
  const lines = [
    `token: ${facts.token}`,
    `media: ${facts.url}`,
    `       ${facts.contentType}, ${facts.bytes} bytes, sha256 ${facts.sha256}`,
    ...(facts.file === null ? [] : [`       written to ${facts.file}`]),
    ...(metadata === undefined ? [] : [`metadata: ${JSON.stringify(metadata)}`]),
  ];
  // Standard output then holds the bytes, and a line among them would spoil the picture.
  if (out === "-") {
    terminal.note(...lines);
    return;
  }
  terminal.emit({ ...facts, ...(metadata === undefined ? {} : { metadata }) });
  terminal.say(...lines);
}
