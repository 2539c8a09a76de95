import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageSize } from "image-size";
import { describe, expect, it, onTestFinished } from "vitest";
import { sniff } from "../../emulator/sniff.ts";
import { type Player, play } from "./play.ts";

async function withDirectory(): Promise<Player> {
  const root = await mkdtemp(join(tmpdir(), "emulator-media-"));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(join(root, "art/deep"), { recursive: true });
  await writeFile(join(root, "secret.txt"), "secret");
  await writeFile(join(root, "art/a b.svg"), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(join(root, "art/deep/é.txt"), "text");
  await symlink(join(root, "secret.txt"), join(root, "art/link.txt"));
  return play({ mediaDir: join(root, "art") });
}

const bytesAt = async ({ emulator }: Player, path: string) =>
  new Uint8Array(await (await emulator.fetch(new Request(emulator.url + path))).arrayBuffer());

describe("files of a directory", () => {
  it("are served below it, typed by their bytes", async () => {
    const { get } = await withDirectory();
    expect((await get("/media/a%20b.svg")).headers.get("content-type")).toBe("image/svg+xml");
    expect(await get(`/media/deep/${encodeURIComponent("é")}.txt`)).toMatchObject({
      status: 200,
      text: "text",
    });
  });

  it.each([
    "../secret.txt",
    "..%2Fsecret.txt",
    "%2e%2e/secret.txt",
    "deep/../../secret.txt",
    "link.txt",
    "deep",
    "none.png",
    "a%00.svg",
  ])("never outside of it: %s", async (path) => {
    const { get } = await withDirectory();
    expect((await get(`/media/${path}`)).status).toBe(404);
  });

  it("are none where no directory was given", async () => {
    const { get } = await play();
    expect((await get("/media/a.svg")).status).toBe(404);
  });
});

describe("made-up pictures", () => {
  it("are small valid PNGs, each name's own", async () => {
    const player = await play();
    const seen = new Set<string>();
    for (let name = 0; name < 500; name += 1) {
      const bytes = await bytesAt(player, `/media/generated/${name}.png`);
      seen.add(Buffer.from(bytes).toString("base64"));
      expect(bytes.byteLength).toBeLessThan(500);
    }
    expect(seen.size).toBe(500);
    const one = await bytesAt(player, "/media/generated/deep/name.png");
    expect([sniff(one)?.mimeType, imageSize(one).width]).toEqual(["image/png", 112]);
  });

  it("are the same for the same name, and counted as Media", async () => {
    const player = await play();
    expect(await bytesAt(player, "/media/generated/a.png")).toEqual(
      await bytesAt(player, "/media/generated/a.png"),
    );
    expect(player.emulator.ledger.summary().byMethod).toEqual({ Media: 2 });
  });
});

describe("test routes", () => {
  it.each([403, 404, 410, 429, 451, 503])("answer %i", async (status) => {
    const { get } = await play();
    const answer = await get(`/media/_/${status}?retryAfter=9`);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([status, "9"]);
  });

  it("give HTML with status 200, and nothing at all", async () => {
    const { get } = await play();
    expect(await get("/media/_/html")).toMatchObject({
      status: 200,
      text: expect.stringContaining("<html>"),
    });
    expect(await get("/media/_/empty")).toMatchObject({ status: 200, text: "" });
    expect((await get("/media/_/unknown")).status).toBe(404);
  });

  it.each([0, 5, 8, 1_000_000])("give exactly %i bytes that begin as a PNG", async (n) => {
    const bytes = await bytesAt(await play(), `/media/_/bytes/${n}`);
    expect(bytes.byteLength).toBe(n);
    expect(Buffer.from(bytes.subarray(0, 8)).toString("latin1")).toBe("\x89PNG\r\n\x1a\n".slice(0, n));
  });

  it("redirect wherever asked", async () => {
    const { get } = await play();
    const answer = await get("/media/_/redirect?status=307&to=http%3A%2F%2F169.254.1.1%2Fx");
    expect([answer.status, answer.headers.get("location")]).toEqual([307, "http://169.254.1.1/x"]);
    expect((await get("/media/_/redirect?to=/a")).status).toBe(302);
  });

  it("answer late", async () => {
    const { get, emulator } = await play();
    expect((await get("/media/_/slow?ms=40")).status).toBe(200);
    expect(emulator.ledger.list().items[0]?.ms).toBeGreaterThanOrEqual(35);
  });
});
