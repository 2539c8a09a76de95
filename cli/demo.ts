/**
 * `npm run demo`: the main job from nothing, and the proof that it worked. A collection, a CSV and its art go in;
 * every published file and its metadata are fetched back without credentials and compared; one row is broken on
 * purpose, mended and replayed; at the end every promise is checked against D1 and the ledger. Exit code 0 only if all of it held. `-- --keep` leaves it running.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { SECOND } from "../shared/limits.ts";
import type { Context } from "./context.ts";
import { breakAndMend, tellDeadLetters } from "./demo/dead-letter.ts";
import { ART, MEDIA, MEND_DIR, RELICS, readLocalFiles } from "./demo/examples.ts";
import { createCollection, publishCollection, submitWithArt } from "./demo/main-job.ts";
import { checkPromises } from "./demo/promises.ts";
import { proveSubmitted, shortcomings, summary } from "./demo/proof.ts";
import { contextOf, type Stage, setStage } from "./demo/stage.ts";
import { EXIT, type ExitCode } from "./failure.ts";
import { faultText } from "./stack/faults.ts";
import { endSignal } from "./stack/signals.ts";
import type { Running } from "./stack/stack.ts";
import { tellStillBetween } from "./still-between.ts";
import { createTerminal } from "./terminal.ts";

const { keep } = parseArgs({ options: { keep: { type: "boolean", default: false } } }).values;
const terminal = createTerminal(false, process.stdout, process.stderr, Date.now);
let over = false;
const isOver = (): boolean => over;
const ended = endSignal().then((signal) => {
  over = true;
  return signal;
});
// Not `exitCode`: what an interrupted demo was waiting for would keep the process up to a minute longer.
process.exit(await run(Date.now()));

async function run(startedAt: number): Promise<ExitCode> {
  terminal.say("Starting the emulator and both Workers in a temporary place …");
  const stage = await setStage(terminal);
  const outcome = await Promise.race([perform(stage), ended, stage.stack.broken]);
  const exit = typeof outcome === "number" ? outcome : EXIT.rows;
  if (typeof outcome === "object") terminal.complain(...faultText(outcome));
  if (typeof outcome === "number") {
    const seconds = ((Date.now() - startedAt) / SECOND).toFixed(1);
    terminal.say(`${exit === EXIT.good ? "All of it held" : "Not all of it held"}, after ${seconds} s.`);
    if (keep) await stayUntilEnded(stage);
  }
  await stage.clear(exit !== EXIT.good && outcome !== "ended");
  return exit;
}

async function perform(stage: Stage): Promise<ExitCode> {
  const started = await stage.stack.started;
  if (started.ok) {
    return demonstrate(stage, contextOf(started.value, terminal, isOver), started.value);
  }
  if (!isOver()) terminal.complain(...faultText(started.error));
  return EXIT.rows;
}

async function demonstrate(stage: Stage, context: Context, running: Running): Promise<ExitCode> {
  const { url, emulatorUrl } = running;
  terminal.say(`API  ${url}    emulator  ${emulatorUrl}/`);
  const collection = await createCollection(context);
  if (!collection.ok) return collection.error;

  const relics = await submitWithArt(context, RELICS, collection.value.id);
  if (!relics.ok) return relics.error;
  const dead = await tellDeadLetters(context, relics.value.id);
  if (!dead.ok) return dead.error;
  const published = await publishCollection(context, collection.value.id);
  if (!published.ok) return published.error;
  const submitted = { csv: await readFile(RELICS, "utf8"), files: await readLocalFiles(ART) };
  const main = await proveSubmitted(context, published.value, { ...submitted, batch: relics.value });

  const broken = await breakAndMend(context, collection.value.id, emulatorUrl ?? "", stage.mediaDir);
  if (!broken.ok) return broken.error;
  const mendedFiles = await readLocalFiles(MEDIA, MEND_DIR);
  const mended = await proveSubmitted(context, published.value, { ...broken.value, files: mendedFiles });

  terminal.say(summary([main, mended]));
  const now = await context.client.batch(relics.value.id);
  if (now.ok) await tellStillBetween(context, now.value);
  const failings = [
    ...shortcomings(main),
    ...shortcomings(mended),
    ...(await checkPromises(terminal, running)),
  ];
  terminal.complain(...failings);
  return failings.length === 0 ? EXIT.good : EXIT.rows;
}

async function stayUntilEnded({ stack }: Stage): Promise<void> {
  const started = await stack.started;
  if (!started.ok) return;
  const { url, emulatorUrl } = started.value;
  terminal.say(
    `API       ${url}  (npx --no mintline --url ${url} status)`,
    `emulator  ${emulatorUrl}/`,
    "Running until Ctrl-C; then the temporary state is taken away.",
  );
  await Promise.race([ended, stack.broken]);
}
