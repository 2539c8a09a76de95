/** The neutral upstream: its limit, its latency, and that it sees skipped and doubled work. */
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileTypeFromBuffer } from "file-type";
import { imageSize } from "image-size";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runPool } from "./rivals/pool.ts";
import { startWork, waitMs } from "./rivals/work.ts";
import { rowsOf } from "./rows.ts";
import { meanInFlight, openLedger, shareRefused, useOfLimit, writesOf } from "./upstream/account.ts";
import { createLimit } from "./upstream/limit.ts";
import { PICTURE_SIDE, picture } from "./upstream/pictures.ts";
import { createUpstream } from "./upstream/server.ts";

describe("the limit", () => {
  it("lets in no more than so many in any second", () => {
    const limit = createLimit(3);
    expect([0, 1, 2, 3].map((now) => limit.take(now))).toEqual([null, null, null, 997]);
    expect(limit.take(999.5)).toBe(0.5);
    // Room for one, for that one alone: the second has a place at 1,001.
    expect([limit.take(1_000), limit.take(1_000.5), limit.take(1_001)]).toEqual([null, 0.5, null]);
  });

  it("is used in full by calls at its own pace", () => {
    const limit = createLimit(200);
    const refused = Array.from({ length: 2_000 }, (_, call) => limit.take(call * 5)).filter(
      (wait) => wait !== null,
    );
    expect(refused).toEqual([]);
  });
});

describe("the account", () => {
  it("knows the use of a limit and the share refused, media aside", () => {
    const { account, ...ledger } = openLedger();
    ledger.wrote(1_000);
    for (let call = 0; call < 99; call += 1) ledger.called("UpdateToken");
    ledger.refusedOne("UpdateToken");
    ledger.called("Media");
    ledger.called("GetCollection");
    ledger.wrote(2_000);
    expect(writesOf(account)).toBe(99);
    expect(useOfLimit(account, 100)).toBeCloseTo(0.99);
    expect(shareRefused(account)).toBeCloseTo(1 / 101);
    for (let call = 0; call < 50; call += 1) ledger.closed(40);
    expect(meanInFlight(account)).toBeCloseTo(2);
  });
});

describe("a picture", () => {
  it("is a PNG that others can read, and like no other", async () => {
    expect(imageSize(picture(7))).toMatchObject({ width: PICTURE_SIDE, height: PICTURE_SIDE, type: "png" });
    expect(await fileTypeFromBuffer(picture(7))).toMatchObject({ mime: "image/png" });
    expect(picture(7).equals(picture(8))).toBe(false);
  });
});

describe("over HTTP", () => {
  let origin = "";
  const upstream = createUpstream(
    () => performance.now(),
    () => origin,
  );
  const service = () => ({ url: origin, key: "k", collectionId: 900 });
  let directory = "";
  beforeAll(async () => {
    await new Promise<void>((resolve) => upstream.server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(upstream.server.address() as AddressInfo).port}`;
    directory = await mkdtemp(join(tmpdir(), "mintline-bench-"));
  });
  beforeEach(() => {
    upstream.set({ latencyMs: 0, callsPerSecond: null });
    upstream.reset();
  });
  afterAll(async () => {
    upstream.server.closeAllConnections();
    upstream.server.close();
    await rm(directory, { recursive: true, force: true });
  });

  it("gives a rival its four calls and a picture, and knows what came of it", async () => {
    upstream.set({ latencyMs: 5, callsPerSecond: null });
    const given = { inFlight: 5, statusPath: join(directory, "twenty.sqlite"), statusAtOnce: 7 };
    expect(await runPool(service(), rowsOf(origin, 20, 1), given)).toEqual({ published: 20 });
    expect(upstream.account()).toMatchObject({
      calls: { Media: 20, CreateToken: 20, CreateAsset: 20, Upload: 20, UpdateToken: 20 },
      created: 20,
      published: 20,
      doubled: 0,
      mostInFlight: 5,
    });
  });

  it("sees a token that is made twice, and one that is made public without its media", async () => {
    const [row] = rowsOf(origin, 1, 1);
    if (!row) throw new Error("no row");
    const work = startWork(service(), 1);
    await work.publish(row, {});
    await expect(work.publish(row, {})).rejects.toThrow("RequestConflict");
    expect(upstream.account()).toMatchObject({ published: 1, doubled: 1 });
    upstream.reset();
    const call = (method: string, args: object) =>
      fetch(`${origin}/rpc/Collections/${method}`, { method: "POST", body: JSON.stringify(args) });
    await call("CreateToken", { collectionId: 900, token: { tokenId: "5" }, private: true });
    await call("UpdateToken", { collectionId: 900, tokenId: "5", private: false });
    expect(upstream.account()).toMatchObject({ created: 1, published: 0 });
  });

  it("answers no sooner than its latency", async () => {
    upstream.set({ latencyMs: 40, callsPerSecond: null });
    const startedAt = performance.now();
    await (await fetch(`${origin}/media/1.png`)).arrayBuffer();
    // Timers count whole milliseconds.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(39);
  });

  it("refuses with 429 what is above its limit, and a rival that waits as it should makes nothing twice", async () => {
    upstream.set({ latencyMs: 0, callsPerSecond: 6 });
    const given = { inFlight: 2, statusPath: join(directory, "limited.sqlite"), statusAtOnce: 1 };
    expect(await runPool(service(), rowsOf(origin, 2, 1), given)).toEqual({ published: 2 });
    const { refused, created, published, doubled } = upstream.account();
    expect(Object.values(refused).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
    expect({ created, published, doubled }).toEqual({ created: 2, published: 2, doubled: 0 });
  });
});

describe("a rival's waits", () => {
  it("are those of Mintline: 1–2, 2–4, 4–8, 8–16 s", () => {
    expect([1, 2, 3, 4].map((failed) => [waitMs(failed, 0), waitMs(failed, 1)])).toEqual([
      [1_000, 2_000],
      [2_000, 4_000],
      [4_000, 8_000],
      [8_000, 16_000],
    ]);
  });
});
