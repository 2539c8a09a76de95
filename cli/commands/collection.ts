/** `mintline collection …`: the collections of the project, and what a contract needs to know of one. */
import type { Command } from "commander";
import type { Collection } from "../../shared/api/contract.ts";
import { LIMITS } from "../../shared/limits.ts";
import { ok, type Result } from "../../shared/result.ts";
import { changeOf, type Fields, withFields } from "../collection-fields.ts";
import { collectionText, contractText, machineForm } from "../collection-text.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode, tellFault, usageFault } from "../failure.ts";
import { wholeNumber } from "../options.ts";
import { registerReach } from "./collection-reach.ts";

const collectionId = wholeNumber(1);

export function registerCollection(program: Command): void {
  const collection = program
    .command("collection")
    .description("Collections: make, show, change, publish, link to contracts.")
    .addHelpText(
      "after",
      "\nExamples:\n  npx --no mintline collection create --name Relics\n  npx --no mintline collection publish 900",
    );
  registerCreate(collection);
  registerUpdate(collection);
  registerList(collection);
  registerShow(collection);
  registerFlip(collection, "publish", "Makes the collection and its published tokens readable by anyone.");
  registerFlip(collection, "unpublish", "Hides the collection and all of its tokens from the public.");
  registerReach(collection);
}

function registerCreate(collection: Command): void {
  withFields(collection.command("create"))
    .summary("create a collection")
    .description(
      "Creates a private collection and prints the COLLECTION_ID line for .env. Needs an admin token.",
    )
    .addHelpText(
      "after",
      `
Example:
  npx --no mintline collection create --name Relics --description "Found things" --image cover.png \\
    --attributes '[{"trait_type":"Era","value":"Bronze"}]'`,
    )
    .action((fields: Fields, command: Command) => run(command, (context) => create(context, fields)));
}

function registerUpdate(collection: Command): void {
  withFields(collection.command("update"))
    .summary("change a collection")
    .description("Changes what is given and leaves the rest. Needs an admin token.")
    .argument("<collection>", "id of the collection", collectionId)
    .addHelpText("after", "\nExample:\n  npx --no mintline collection update 900 --image cover.png")
    .action((id: number, fields: Fields, command: Command) =>
      run(command, (context) => update(context, id, fields)),
    );
}

function registerList(collection: Command): void {
  collection
    .command("list")
    .summary("list the collections of the project")
    .description(
      "Lists the collections of the project, with how many tokens each has and whether it is public.",
    )
    .option("--limit <n>", "how many to list", wholeNumber(1), LIMITS.listDefault)
    .addHelpText("after", "\nExample:\n  npx --no mintline collection list")
    .action((options: { limit: number }, command: Command) =>
      run(command, (context) => list(context, options.limit)),
    );
}

function registerShow(collection: Command): void {
  collection
    .command("show")
    .summary("show a collection, its base URI first")
    .description("Shows the base URI for a contract and where to put it, then the calldata and the rest.")
    .argument("<collection>", "id of the collection", collectionId)
    .addHelpText("after", "\nExample:\n  npx --no mintline collection show 900")
    .action((id: number, _options: unknown, command: Command) =>
      run(command, async ({ client, terminal, failed }) => {
        const read = await client.collection(id);
        if (!read.ok) return failed(read.error);
        terminal.emit(await machineForm(read.value));
        terminal.say(...(await contractText(read.value)), "", ...collectionText(read.value));
        return EXIT.good;
      }),
    );
}

function registerFlip(collection: Command, verb: "publish" | "unpublish", description: string): void {
  collection
    .command(verb)
    .summary(verb === "publish" ? "make a collection public" : "hide a collection")
    .description(`${description} Needs an admin token.`)
    .argument("<collection>", "id of the collection", collectionId)
    .addHelpText("after", `\nExample:\n  npx --no mintline collection ${verb} 900`)
    .action((id: number, _options: unknown, command: Command) =>
      run(command, (context) => flip(context, id, verb)),
    );
}

async function create(context: Context, fields: Fields): Promise<ExitCode> {
  const { client, terminal, typed } = context;
  const { name } = fields;
  if (name === undefined) {
    const message = "A collection needs a name, got none.";
    return tellFault(terminal, usageFault("cli.name_required", message, "Add --name NAME."));
  }
  const change = await changeOf(fields);
  if (!change.ok) return tellFault(terminal, change.error);
  const made = await client.createCollection({ ...change.value.patch, name });
  if (!made.ok) return context.failed(made.error);
  const { id } = made.value;
  // The id first: whatever happens to the image, the collection is there now and must not be made again.
  terminal.say(`COLLECTION_ID=${id}`);
  const shown = await withImage(context, made.value, change.value.image);
  if (!shown.ok) {
    terminal.emit(await machineForm(made.value));
    const again = typed(`collection update ${id} --image ${fields.image ?? "FILE"}`);
    terminal.complain(`Collection ${id} is there; only its image is not. Once mended: ${again}`);
    return shown.error;
  }
  terminal.emit(await machineForm(shown.value));
  terminal.say(
    "Put that line into .env to make it the default for submissions.",
    `submit:         ${typed(`submit FILE.csv --collection ${id} --watch`)}`,
    `not public yet: ${typed(`collection publish ${id}`)}`,
  );
  return EXIT.good;
}

async function update(context: Context, id: number, fields: Fields): Promise<ExitCode> {
  const { client, terminal, failed } = context;
  if (Object.keys(fields).length === 0) {
    const message = "Expected something to change, got nothing.";
    return tellFault(
      terminal,
      usageFault("cli.nothing_to_do", message, "Add --name, --image or another field."),
    );
  }
  const change = await changeOf(fields);
  if (!change.ok) return tellFault(terminal, change.error);
  const { patch, image } = change.value;
  const changed = await (Object.keys(patch).length > 0
    ? client.updateCollection(id, patch)
    : client.collection(id));
  if (!changed.ok) return failed(changed.error);
  const shown = await withImage(context, changed.value, image);
  if (!shown.ok) return shown.error;
  terminal.emit(await machineForm(shown.value));
  terminal.say(...collectionText(shown.value));
  return EXIT.good;
}

/** Uploads the image, if one was given. A failure has been told when it comes back as its exit code. */
async function withImage(
  { client, terminal, failed }: Context,
  collection: Collection,
  image: Blob | null,
): Promise<Result<Collection, ExitCode>> {
  if (image === null) return ok(collection);
  const put = await client.putCollectionImage(collection.id, image);
  if (!put.ok) return { ok: false, error: failed(put.error) };
  terminal.note(`Image of collection ${collection.id} uploaded.`);
  return put;
}

async function list({ client, terminal, typed, failed }: Context, limit: number): Promise<ExitCode> {
  const page = await client.collections({ limit: Math.min(limit, LIMITS.listMax) });
  if (!page.ok) return failed(page.error);
  for (const found of page.value.items) terminal.emit(found);
  if (page.value.items.length === 0) {
    terminal.say(`No collections yet. Make one: ${typed("collection create --name NAME")}`);
    return EXIT.good;
  }
  terminal.table([
    ["id", "published", "tokens", "name"],
    ...page.value.items.map((found) => [
      String(found.id),
      found.published ? "yes" : "no",
      found.tokenCount === null ? "-" : String(found.tokenCount),
      found.name,
    ]),
  ]);
  if (page.value.nextCursor !== null) terminal.say("… and more: --limit lists them.");
  return EXIT.good;
}

async function flip(
  { client, terminal, typed, failed }: Context,
  id: number,
  verb: "publish" | "unpublish",
): Promise<ExitCode> {
  const flipped = await (verb === "publish" ? client.publishCollection(id) : client.unpublishCollection(id));
  if (!flipped.ok) return failed(flipped.error);
  terminal.emit(await machineForm(flipped.value));
  terminal.say(
    flipped.value.published
      ? `Collection ${id} is public. Its tokens: ${flipped.value.baseUri}<token id>`
      : `Collection ${id} is private. To undo: ${typed(`collection publish ${id}`)}`,
  );
  return EXIT.good;
}
