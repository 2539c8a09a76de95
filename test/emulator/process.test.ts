/** The emulator as a program: its line, its ends, and what it still knows after them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeKey } from "../../emulator/keys.ts";
import { startEmulator } from "../../emulator/server.ts";
import { answered, type Player, player } from "./play.ts";

type Program = { child: ChildProcess; url: string; play: Player };

async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "emulator-state-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function start(environment: Record<string, string>): Promise<Program> {
  const child = spawn(process.execPath, ["emulator/main.ts"], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  if (child.stdout === null) throw new Error("no standard output");
  const lines = createInterface(child.stdout);
  const [line] = await once(lines, "line");
  const url = /^emulator (http:\/\/127\.0\.0\.1:\d+)$/.exec(line)?.[1] ?? "";
  // Only its address and fetch are used of an emulator in another process.
  const remote = { url, fetch } as unknown as Parameters<typeof player>[0];
  return { child, url, play: player(remote) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<[number | null, string | null]> {
  const exit = once(child, "exit");
  child.kill(signal);
  const [code, by] = await exit;
  return [code, by];
}

describe("node emulator/main.ts", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "prints its address, and ends cleanly on %s with calls open",
    async (signal) => {
      const faults = '[{"where":{"method":"ListCollections"},"what":{"kind":"latency","ms":60000}}]';
      const { child, play } = await start({ EMULATOR_FAULTS: faults });
      const open = play.rpc("ListCollections", {}).catch((error: unknown) => error);
      await expect.poll(async () => (await play.get("/_emulator/ledger")).json.items?.length).toBe(1);
      expect(await end(child, signal)).toEqual([0, null]);
      expect(await open).toBeInstanceOf(TypeError);
    },
  );

  it("listens on 127.0.0.1 only: the port stays free on the next address", async () => {
    const { url } = await start({});
    const other = createServer();
    onTestFinished(() => void other.close());
    other.listen(Number(new URL(url).port), "127.0.0.2");
    const outcome = await Promise.race([
      once(other, "listening").then(() => "free"),
      once(other, "error").then(([error]) => error.code),
    ]);
    // Not every system has a second loopback address.
    expect(["free", "EADDRNOTAVAIL"]).toContain(outcome);
  });

  it("takes port, secret, switches and media from the environment", async () => {
    const free = await startEmulator();
    await free.close();
    const { url, play } = await start({
      EMULATOR_PORT: String(free.port),
      EMULATOR_JWT_SECRET: "of this run",
      EMULATOR_SWITCHES: '{"pageMax":3}',
      EMULATOR_MEDIA_DIR: "test/fixtures/media",
    });
    expect(url).toBe(free.url);
    const authorization = `Bearer ${await makeKey({ project: 1, secret: "of this run" })}`;
    expect((await play.rpc("ListCollections", {}, { authorization })).json.page).toMatchObject({
      pageSize: 3,
    });
    expect((await play.get("/media/tiny.png")).headers.get("content-type")).toBe("image/png");
  });

  it("says what is wrong with the environment", async () => {
    const child = spawn(process.execPath, ["emulator/main.ts"], {
      env: { PATH: process.env.PATH, EMULATOR_PORT: "many", EMULATOR_SWITCHES: "{" },
    });
    let complaint = "";
    child.stderr.on("data", (chunk) => (complaint += chunk));
    expect(await once(child, "close")).toEqual([2, null]);
    expect(complaint).toContain("EMULATOR_PORT");
    expect(complaint).toContain("EMULATOR_SWITCHES");
  });
});

describe("state", () => {
  it("survives a restart: ids, tokens, files, flags and ledger", async () => {
    const dir = await makeDirectory();
    const first = await startEmulator({ dir });
    const before = player(first, first.url, fetch);
    const id = await before.makeCollection({ private: false });
    const asset = await before.makeToken(id, "1", { private: false });
    await first.close();
    const second = await startEmulator({ dir });
    onTestFinished(() => second.close());
    const after = player(second, second.url, fetch);
    const image = `/projects/1/collections/${id}/tokens/1/image.png`;
    expect((await after.get(`/projects/1/collections/${id}/tokens/1`)).json.image).toBe(
      `${second.url}${image}`,
    );
    expect((await after.get(image)).status).toBe(200);
    expect(second.ledger.summary().byMethod).toMatchObject({ CreateToken: 1, UploadAsset: 1, PublicRead: 2 });
    expect([await after.makeCollection(), await after.makeToken(id, "2")]).toEqual([id + 1, asset + 1]);
  });

  it("survives SIGKILL in the middle of writing: whatever was answered is there", async () => {
    const EMULATOR_DIR = await makeDirectory();
    const { child, play } = await start({ EMULATOR_DIR });
    const collectionId = await play.makeCollection();
    const done: string[] = [];
    const writing = Array.from({ length: 200 }, async (_, id) => {
      const tokenId = String(id);
      const { status } = await play.rpc("CreateToken", { collectionId, token: { tokenId, name: "A" } });
      if (status === 200 && done.push(tokenId) === 60) child.kill("SIGKILL");
    });
    await Promise.allSettled(writing);
    expect(done.length).toBeGreaterThanOrEqual(60);
    const again = await start({ EMULATOR_DIR });
    const { json: list } = await again.play.rpc("ListTokens", { collectionId, page: { pageSize: 1_000 } });
    const kept = new Set(Array.from({ length: 200 }, (_, at) => String(list.tokens?.[at]?.tokenId)));
    expect(done.filter((tokenId) => !kept.has(tokenId))).toEqual([]);
    const { json: ledger } = await again.play.get(
      "/_emulator/ledger?method=CreateToken&status=200&limit=1000",
    );
    const entered = new Set(Array.from({ length: 200 }, (_, at) => String(ledger.items?.[at]?.tokenId)));
    expect(done.filter((tokenId) => !entered.has(tokenId))).toEqual([]);
  });

  it("is held by one emulator at a time", async () => {
    const dir = await makeDirectory();
    const first = await startEmulator({ dir });
    await expect(startEmulator({ dir })).rejects.toThrow("another emulator");
    await first.close();
    const second = await startEmulator({ dir });
    await second.close();
  }, 15_000);
});

it("ends while connections idle, and refuses calls from then on", async () => {
  const emulator = await startEmulator();
  await answered(await fetch(emulator.url));
  await emulator.close();
  await expect(fetch(emulator.url)).rejects.toThrow("fetch failed");
});
