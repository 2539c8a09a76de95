/**
 * The world of one run: a temporary state, an emulator outside of the stack's process group, the stack as
 * `npm start` runs it, and a published collection. Whatever happens, nothing of it stays behind.
 */
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { readLocalFacts, readLocalStore } from "../../cli/stack/facts.ts";
import { WORKER_VARIABLES } from "../../cli/stack/settings.ts";
import { makeKey } from "../../emulator/keys.ts";
import type { Switches } from "../../emulator/switches.ts";
import type { Client } from "../../shared/api/client.ts";
import type { Facts, StoreFacts } from "../../shared/invariants/facts.ts";
import { type Started, start, temporaryState } from "../support/start.ts";
import { type EmulatorProcess, startEmulatorProcess } from "./emulator.ts";
import { groups } from "./groups.ts";
import { quietWithinMs } from "./limits.ts";
import { copyMigrated } from "./migrated.ts";
import { must } from "./must.ts";
import { hashAt, type MadeFile, makeFile, type Wanted } from "./rows.ts";

export type StageGiven = {
  readonly seed: number;
  readonly switches?: Partial<Switches>;
  /** The media host is an emulator of its own, which the faults of Sequence's do not meet. */
  readonly ownMediaHost?: boolean;
  /** Of the contract's section 2. */
  readonly variables?: Readonly<Record<string, string>>;
};

export type Stage = {
  readonly stateDir: string;
  readonly emulator: EmulatorProcess;
  readonly media: EmulatorProcess;
  readonly collectionId: number;
  /** Of the stack that runs now. */
  client(): Client;
  makeFile(wanted: Omit<Wanted, "mediaUrl" | "seed">): MadeFile;
  /** Answers the batch's id. */
  submit(file: MadeFile): Promise<string>;
  /** SIGKILL to the whole process group, until its port is shown closed. */
  kill(): Promise<void>;
  /** Starts again on the same state. */
  startAgain(): Promise<void>;
  /** D1 as it stands; may be read at any time. */
  store(): StoreFacts;
  /** Everything that the checker wants, once no delivery holds anything any more. */
  facts(): Promise<Facts>;
  close(keepState: boolean): Promise<void>;
};

const MAX_ATTEMPTS = 5;

export async function setStage(given: StageGiven): Promise<Stage> {
  const state = await temporaryState();
  const opened: (() => Promise<unknown>)[] = [];
  const close = async (keepState: boolean): Promise<void> => {
    for (const end of opened.splice(0).reverse()) await end();
    if (!keepState) await state.remove();
  };
  try {
    return await open(given, state.dir, opened, close);
  } catch (error) {
    await close(true);
    throw error;
  }
}

async function open(
  { seed, switches, ownMediaHost = false, variables = {} }: StageGiven,
  dir: string,
  opened: (() => Promise<unknown>)[],
  close: Stage["close"],
): Promise<Stage> {
  const startEmulator = async (name: string): Promise<EmulatorProcess> => {
    const emulator = await startEmulatorProcess({ seed, dir: join(dir, name), switches });
    opened.push(emulator.stop);
    return emulator;
  };
  const emulator = await startEmulator("emulator");
  const media = ownMediaHost ? await startEmulator("media") : emulator;
  const stateDir = join(dir, "state");
  await copyMigrated(stateDir);
  const environment = {
    // Blank, so that no line of a person's `.env` counts.
    ...Object.fromEntries([...WORKER_VARIABLES, "QUEUE_BATCH_SIZE"].map((name) => [name, ""])),
    METADATA_URL: emulator.url,
    JWT_ACCESS_KEY: await makeKey({ project: 1 }),
    MEDIA_PRIVATE_HOSTS: media.host,
    MAX_ATTEMPTS: String(MAX_ATTEMPTS),
    ...variables,
  };
  const startStack = (): Promise<Started> => start(stateDir, environment, "local", groups.add);
  let stack = await startStack();
  opened.push(() => stack.stop().catch(() => undefined));

  const target = `${emulator.url}#1`;
  const collection = must(await stack.client.createCollection({ name: `Chaos ${seed}` }));
  must(await stack.client.publishCollection(collection.id));
  return {
    stateDir,
    emulator,
    media,
    collectionId: collection.id,
    client: () => stack.client,
    makeFile: (wanted) => makeFile({ seed, mediaUrl: media.url, ...wanted }),
    submit: (file) => submit(stack.client, collection.id, file),
    async kill() {
      await stack.kill();
      await untilClosed(stack.url);
    },
    async startAgain() {
      stack = await startStack();
    },
    store: () => readLocalStore(stateDir, target),
    async facts() {
      const at = { stateRoot: stateDir, target, emulatorUrl: emulator.url, maxAttempts: MAX_ATTEMPTS };
      return { ...(await readLocalFacts(at)), mediaAt: hashAt };
    },
    close,
  };
}

/** Asked again where the connection broke: the key makes the second time the same batch. */
async function submit(client: Client, collectionId: number, { csv }: MadeFile): Promise<string> {
  const asked = { query: { collectionId: String(collectionId) }, idempotencyKey: randomUUID() };
  const submitted = await client.submit(csv, asked);
  const isBroken = !submitted.ok && submitted.error.reason === "unreachable";
  return must(isBroken ? await client.submit(csv, asked) : submitted).id;
}

/** A port that still answers belongs to a runtime that outlived the kill. */
async function untilClosed(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const giveUpAt = Date.now() + quietWithinMs;
  while (await accepts(hostname, Number(port))) {
    if (Date.now() > giveUpAt) throw new Error(`${url} still answers after SIGKILL of its process group`);
    await wait(10);
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, host);
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
