/** Art that is upstream already is not sent again, unless somebody else may have put other bytes there meanwhile. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { BatchOptions } from "../../../../shared/job/batch.ts";
import type { JobArgs, MediaSource } from "../../../../shared/job/job.ts";
import { putMedia } from "../../../../shared/media/store.ts";
import { bigPng, fixture, sha256, streamOf } from "../../../shared/media/fixtures.ts";
import { db, deliver, emulatorIn, makeDue, onlyJob, queueAll } from "../../../support/consumer.ts";
import { dieAfterCalls, rescueAfterRestart } from "../../../support/dead-consumer.ts";
import { mediaHosts, type Saying } from "../../../support/hostile.ts";
import { argsOf, seedBatch } from "../../../support/rows.ts";

const { hosts, all } = mediaHosts();
const [art] = hosts;
const variables = { MEDIA_PRIVATE_HOSTS: all };
const emulator = emulatorIn();
const png = fixture("tiny.png");
const [A, B] = [bigPng(4_000, 21), bigPng(4_000, 22)];
let serial = 0;

/** Token 2 of a collection of its own, submitted as often as the test likes. */
async function token() {
  const collectionId = await emulator.makeCollection(true);
  let heard = 0;
  const submit = async (
    source: MediaSource,
    given: { name?: string; options?: Partial<BatchOptions> } = {},
  ) => {
    const args = (line: number): JobArgs => {
      const row = argsOf(line);
      return {
        ...row,
        token: { ...row.token, name: given.name ?? row.token.name },
        media: [{ field: "image", source }],
      };
    };
    const id = await seedBatch(db, {
      rows: 1,
      collectionId,
      args,
      ...(given.options && { options: given.options }),
    });
    return { id, keys: await queueAll(id) };
  };
  /** What was called since the last time. */
  const calls = async (): Promise<string[]> => {
    const heardNow = await emulator.calls(collectionId);
    const since = heardNow.slice(heard);
    heard = heardNow.length;
    expect(since.filter(({ isPrivate, method }) => isPrivate && method === "UpdateToken")).toEqual([]);
    return since.map(({ method }) => method).filter((method) => method !== "PublicRead");
  };
  const run = async (source: MediaSource, given: Parameters<typeof submit>[1] = {}) => {
    const { id, keys } = await submit(source, given);
    await deliver(keys, { variables });
    return { job: await onlyJob(id), calls: await calls() };
  };
  const published = async (): Promise<string> => {
    const seen = await emulator.seePublic(`/projects/1/collections/${collectionId}/tokens/2.json`);
    const { image } = (await seen.json()) as { image: string };
    return sha256(await (await fetch(image)).bytes());
  };
  return { collectionId, submit, run, calls, published };
}

async function inSet(bytes: Uint8Array, fileName = "a.png"): Promise<MediaSource> {
  await putMedia(env.BUCKET, streamOf(bytes), {
    declaredBytes: bytes.length,
    maxBytes: 1e6,
    where: fileName,
  });
  return {
    kind: "set",
    fileName,
    sha256: await sha256(bytes),
    bytes: bytes.length,
    contentType: "image/png",
  };
}

async function atHost(...says: Saying[]) {
  const path = `/reuse-${serial++}.png`;
  const url = await art.say(path, ...says);
  return { source: { kind: "url", url } as const, seen: () => art.seen(path) };
}

const FOUR = ["CreateToken", "CreateAsset", "UploadAsset", "UpdateToken"];
const WORDS = ["GetToken", "UpdateToken"];
const ART = ["GetToken", "UploadAsset", "UpdateToken"];

describe("a row that was edited", { timeout: 30_000 }, () => {
  test("keeps its art of a set, also under another name of the file", async () => {
    const { run, published } = await token();
    expect((await run(await inSet(A))).calls).toEqual(FOUR);
    const edited = await run(await inSet(A, "renamed.png"), { name: "Edited" });
    expect(edited).toMatchObject({ calls: WORDS, job: { state: "completed", outcome: "updated" } });
    expect(edited.job.outputs?.assets).toMatchObject([{ sha256: await sha256(A) }]);
    expect((await run(await inSet(B), { name: "Edited" })).calls).toEqual(ART);
    expect(await published()).toBe(await sha256(B));
  });

  test("asks the host of its art whether that has changed, and sends it only then", async () => {
    const { run, published } = await token();
    const { source, seen } = await atHost(
      { bytes: A, headers: { etag: '"a"' } },
      { bytes: B, headers: { etag: '"a"' } },
      { bytes: B, headers: { etag: '"b"' } },
    );
    await run(source);
    // Another file under the same tag: only who asks with the tag does not get it.
    expect((await run(source, { name: "Edited" })).calls).toEqual(WORDS);
    expect(await published()).toBe(await sha256(A));
    expect((await run(source, { name: "Edited again" })).calls).toEqual(ART);
    expect(await published()).toBe(await sha256(B));
    expect(await seen()).toBe(3);
  });

  test("knows its art by its bytes where the host has no tags, or the address is another", async () => {
    const { run } = await token();
    const { source } = await atHost({ bytes: A });
    await run(source);
    expect((await run(source, { name: "Edited" })).calls).toEqual(WORDS);
    const elsewhere = await atHost({ bytes: A, headers: { etag: '"a"' } });
    expect((await run(elsewhere.source)).calls).toEqual(WORDS);
    // The tag of the new address is kept, that of the old one would mean nothing here.
    const again = await run(elsewhere.source, { name: "Again" });
    expect(again.job.outputs?.assets).toMatchObject([{ etag: '"a"', sha256: await sha256(A) }]);
  });

  test("with --force is sent whole", async () => {
    const { run } = await token();
    await run(await inSet(A));
    expect((await run(await inSet(A), { options: { force: true } })).calls).toEqual(ART);
  });

  test("sends no art either where its first attempt failed before or after it looked", async () => {
    const { run, submit, calls, collectionId } = await token();
    await run(await inSet(A));
    for (const method of ["GetToken", "UpdateToken"]) {
      const where = { method, collectionId };
      await emulator.setFaults({ times: 3, where, what: { kind: "status", status: 502, body: "html" } });
      const { id, keys } = await submit(await inSet(A), { name: `Edited, ${method} failing` });
      await deliver(keys, { variables });
      expect(await onlyJob(id)).toMatchObject({ state: "retryable", attempt: 1 });
      await makeDue(id);
      await deliver(keys, { variables });
      expect(await onlyJob(id)).toMatchObject({ state: "completed", attempt: 2 });
      expect(await calls()).not.toContain("UploadAsset");
    }
  });
});

describe("art is sent again", { timeout: 30_000 }, () => {
  test("where another row's art was there in between", async () => {
    const { run, published } = await token();
    await run(await inSet(A));
    await run(await inSet(B));
    expect((await run(await inSet(A))).calls).toEqual(ART);
    expect(await published()).toBe(await sha256(A));
  });

  test("where somebody put another file there by hand", async () => {
    const { run, calls, collectionId, published } = await token();
    await run(await inSet(A));
    const { assets } = await emulator.getToken(collectionId, "2");
    await emulator.uploadByHand({ project: 1, collectionId, tokenId: "2" }, assets?.[0]?.id ?? 0, png);
    expect(await published()).toBe(await sha256(png));
    await calls();
    expect((await run(await inSet(A), { name: "Edited" })).calls).toEqual(ART);
    expect(await published()).toBe(await sha256(A));
  });

  test("where the token was deleted by hand: all of it", async () => {
    const { run, collectionId, calls } = await token();
    await run(await inSet(A));
    await emulator.rpc("DeleteToken", { collectionId, tokenId: "2" });
    await calls();
    expect((await run(await inSet(A), { name: "Edited" })).calls).toEqual(["GetToken", ...FOUR]);
  });

  test("where the job between died after it had sent its own, and left no record", async () => {
    const { run, submit, calls, published } = await token();
    await run(await inSet(A));
    const between = await submit(await inSet(B));
    await dieAfterCalls(between.keys, variables);
    await rescueAfterRestart(between.id);
    expect(await published()).toBe(await sha256(B));
    await calls();
    expect((await run(await inSet(A))).calls).toEqual(ART);
    expect(await published()).toBe(await sha256(A));
  });

  test("where nobody knows whether the job between has sent its own", async () => {
    const { run, submit, calls, collectionId, published } = await token();
    await run(await inSet(A));
    const where = { method: "UploadAsset", collectionId };
    await emulator.setFaults({ times: 3, where, what: { kind: "closeAfter" } });
    const between = await submit(await inSet(B));
    await deliver(between.keys, { variables });
    const stuck = await onlyJob(between.id);
    expect(stuck).toMatchObject({ state: "retryable", step: "upload-asset" });
    expect(stuck.outputs?.assets).toMatchObject([{ sha256: null, url: null }]);
    expect(await published()).toBe(await sha256(B));
    await calls();
    expect((await run(await inSet(A))).calls).toEqual(ART);
    expect(await published()).toBe(await sha256(A));
    // And the one between, tried again, does not believe that its own is there still.
    await makeDue(between.id);
    await deliver(between.keys, { variables });
    expect(await calls()).toEqual(ART);
    expect(await published()).toBe(await sha256(B));
  });
});

describe("refreshMedia", { timeout: 30_000 }, () => {
  const options = { refreshMedia: true };

  test.each([
    ["that answers 304", { etag: '"a"' }],
    ["without tags", {}],
  ])("of a host %s: nothing is called at Sequence where nothing changed", async (_, headers) => {
    const { run } = await token();
    const { source, seen } = await atHost({ bytes: A, headers }, { bytes: A, headers }, { bytes: B });
    const first = await run(source);
    const again = await run(source, { options });
    expect(again).toMatchObject({ calls: [], job: { state: "completed", outcome: "unchanged", attempt: 1 } });
    expect(again.job.outputs).toEqual({ ...first.job.outputs });
    expect(await seen()).toBe(2);
    const changed = await run(source, { options });
    expect(changed).toMatchObject({ calls: ART, job: { outcome: "updated" } });
    expect(changed.job.outputs?.assets).toMatchObject([{ sha256: await sha256(B) }]);
  });

  test("that is to stage what is public calls Sequence for that, and sends no art", async () => {
    const { run, submit, collectionId } = await token();
    const { source } = await atHost({ bytes: A, headers: { etag: '"a"' } });
    await run(source);
    const before = (await emulator.calls(collectionId)).length;
    const { id, keys } = await submit(source, { options: { ...options, publish: false } });
    await deliver(keys, { variables });
    expect(await onlyJob(id)).toMatchObject({ outcome: "updated", outputs: { published: false } });
    const calls = (await emulator.calls(collectionId)).slice(before);
    expect(calls.map(({ method }) => method)).toEqual(WORDS);
    expect(calls.at(-1)?.isPrivate).toBe(true);
  });

  test("of a host that has lost the file buries the row; the token stays as it is", async () => {
    const { run, published } = await token();
    const { source } = await atHost({ bytes: A }, { status: 404 });
    await run(source);
    const lost = await run(source, { options });
    expect(lost).toMatchObject({ calls: [], job: { state: "dead", step: "upload-asset" } });
    expect(await published()).toBe(await sha256(A));
  });
});
