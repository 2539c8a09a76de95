/**
 * Submitting again, at size: a trial of 10 of 500 and the rest after it, and 8,000 rows whose art has changed in 300
 * files. Prints what was counted at the emulator; some minutes.
 */
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCli } from "../cli/run-cli.ts";
import { generatedCsv } from "../support/stack.ts";
import { temporaryState } from "../support/start.ts";
import { must, untilResting } from "../support/workers.ts";
import { onStage, type Stage } from "./stage.ts";

const WIDE = { QUEUE_BATCH_SIZE: "100", JOB_CONCURRENCY: "40" };
const TRIAL = { rows: 500, first: 10 } as const;
const ART = { rows: 8_000, changed: 300 } as const;

await onStage(WIDE, async (stage) => {
  console.log(JSON.stringify({ trial: await measureTrial(stage) }));
});
await onStage(WIDE, async (stage) => {
  console.log(JSON.stringify({ art: await measureArt(stage) }));
});

/** Sequence calls by method, from the `from`th on. */
async function counted({ emulator, collectionId }: Stage, from: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { method } of (await emulator.calls(collectionId)).slice(from)) {
    counts[method] = (counts[method] ?? 0) + 1;
  }
  return counts;
}

async function measureTrial(stage: Stage) {
  const { client } = stage.stack;
  const query = { collectionId: String(stage.collectionId), first: String(TRIAL.first) };
  const { id } = must(await client.submit(generatedCsv(stage.emulator, TRIAL.rows), { query }));
  const paused = await untilResting(client, id);
  const callsOfTrial = await counted(stage, 0);
  must(await client.steer(id, "resume"));
  const done = await untilResting(client, id);
  return {
    completedInTrial: paused.jobs.completed,
    state: paused.state,
    waiting: paused.waiting?.reason,
    callsOfTrial,
    completed: done.jobs.completed,
    calls: await counted(stage, 0),
  };
}

async function measureArt(stage: Stage) {
  const work = await temporaryState();
  try {
    const art = join(work.dir, "art");
    await mkdir(art);
    const names = Array.from({ length: ART.rows }, (_, index) => `${index + 1}.png`);
    for (const name of names) await writeFile(join(art, name), picture());
    const sheet = join(work.dir, "relics.csv");
    const rows = names.map((name, index) => `${index + 1},Relic ${index + 1},${name}`);
    await writeFile(sheet, `tokenId,name,image\n${rows.join("\n")}\n`);
    const first = await submitted(stage, sheet, art);
    for (const name of names.slice(0, ART.changed)) await writeFile(join(art, name), picture());
    const second = await submitted(stage, sheet, art);
    return { first, second };
  } finally {
    await work.remove();
  }
}

async function submitted(stage: Stage, sheet: string, art: string) {
  const from = (await stage.emulator.calls(stage.collectionId)).length;
  const startedAt = performance.now();
  const given = ["--media", art, "--collection", String(stage.collectionId), "--watch"];
  const ran = await runCli(["submit", sheet, ...given], { url: stage.stack.url });
  if (ran.code !== 0) throw new Error(`${ran.stdout}${ran.stderr}`);
  const calls = (await stage.emulator.calls(stage.collectionId)).slice(from);
  return {
    calls: await counted(stage, from),
    madePrivate: calls.filter(({ method, isPrivate }) => method === "UpdateToken" && isPrivate).length,
    seconds: (performance.now() - startedAt) / 1_000,
  };
}

/** The smallest PNG, with bytes behind its end that make it another file. */
function picture(): Buffer {
  const smallest =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  return Buffer.concat([Buffer.from(smallest, "base64"), randomBytes(16)]);
}
