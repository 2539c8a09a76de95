/** One host with one file, through the whole consumer: it limits, hangs, redirects, or has another file next time. */
import { describe, expect, test } from "vitest";
import { MB } from "../../../../shared/limits.ts";
import { bigPng, fixture, sha256 } from "../../../shared/media/fixtures.ts";
import { deliver, makeDue, onlyJob, queuedBatch } from "../../../support/consumer.ts";
import { mediaHosts, type Saying } from "../../../support/hostile.ts";
import { argsOf } from "../../../support/rows.ts";

const { hosts, all } = mediaHosts();
const [art] = hosts;
const variables = { MEDIA_PRIVATE_HOSTS: all, CALL_TIMEOUT_MS: "5000" };
const png = fixture("tiny.png");
const jpg = fixture("tiny.jpg");

async function rowWith(path: string, ...says: Saying[]) {
  const url = await art.say(path, ...says);
  const batch = await queuedBatch({ args: (line) => argsOf(line, url) });
  const run = async (more: Record<string, string> = {}) => {
    await makeDue(batch.id);
    await deliver(batch.keys, { variables: { ...variables, ...more } });
    return onlyJob(batch.id);
  };
  /** The bytes that anybody gets, or null while the token is not public. */
  const seePublic = async (): Promise<Uint8Array | null> => {
    const seen = await batch.emulator.seePublic(
      `/projects/1/collections/${batch.collectionId}/tokens/2.json`,
    );
    if (!seen.ok) return null;
    const { image = "" } = (await seen.json()) as { image?: string };
    return (await fetch(image)).bytes();
  };
  return { ...batch, url, run, seePublic, calls: () => batch.emulator.calls(batch.collectionId) };
}

describe("nothing is written at Sequence before the media is in hand", () => {
  test("a host that limits: the job waits at no cost, as long as the host says, and goes on", async () => {
    const { run, seePublic, calls } = await rowWith(
      "/limits.png",
      { status: 429, headers: { "retry-after": "40" } },
      { bytes: png },
    );
    const waiting = await run();
    expect(waiting).toMatchObject({ state: "snoozed", attempt: 0, error: { code: "media.rate_limited" } });
    expect([await calls(), await seePublic()]).toEqual([[], null]);
    expect(await run()).toMatchObject({ state: "completed", attempt: 1 });
    expect(await seePublic()).toEqual(png);
  });

  test.each<[string, Saying]>([
    ["a host that hangs", { ends: "silent" }],
    ["a host that hangs in the middle", { bytes: png.subarray(0, 50), ends: "hang" }],
  ])("%s: an attempt, with URL and hop, and the next one succeeds", async (name, says) => {
    const { url, run, seePublic, calls } = await rowWith(`/${encodeURIComponent(name)}.png`, says, {
      bytes: png,
    });
    const failed = await run({ CALL_TIMEOUT_MS: "300" });
    expect(failed).toMatchObject({
      state: "retryable",
      attempt: 1,
      step: "upload-asset",
      error: { code: "media.timeout" },
    });
    expect(failed.error?.message).toContain(url);
    expect([await calls(), await seePublic()]).toEqual([[], null]);
    expect(await run()).toMatchObject({ state: "completed", attempt: 2 });
    expect(await seePublic()).toEqual(png);
  });

  test.each([
    [5, "completed"],
    [6, "dead"],
  ])("a chain of %d redirects: %s", async (hops, state) => {
    let to = await art.say(`/row-chain-${hops}-end.png`, { bytes: png });
    for (let n = hops; n > 1; n--) {
      to =
        (await hosts[n % 3]?.say(`/row-chain-${hops}-${n}.png`, {
          status: 302,
          headers: { location: to },
        })) ?? "";
    }
    const { run, seePublic, calls } = await rowWith(`/row-chain-${hops}.png`, {
      status: 301,
      headers: { location: to },
    });
    const job = await run();
    expect(job.state).toBe(state);
    if (state === "completed") return expect(await seePublic()).toEqual(png);
    expect(job.error).toMatchObject({ code: "media.too_many_redirects", step: "upload-asset" });
    expect(job.error?.message).toContain(`row-chain-${hops}-end.png (redirect 6)`);
    expect([await calls(), await seePublic()]).toEqual([[], null]);
  });
});

describe("media that changes: what is on record is what was sent, never a mixture", () => {
  test("between two attempts, after an upload that failed", async () => {
    const { run, seePublic, emulator, collectionId } = await rowWith(
      "/changes.png",
      { bytes: png },
      { bytes: jpg },
    );
    await emulator.setFaults({
      times: 3,
      where: { method: "UploadAsset", collectionId },
      what: { kind: "status", status: 500 },
    });
    expect(await run()).toMatchObject({ state: "retryable", attempt: 1 });
    expect(await seePublic()).toBeNull();
    const job = await run();
    expect(job).toMatchObject({ state: "completed", attempt: 2 });
    const bytes = await seePublic();
    expect([await sha256(png), await sha256(jpg)]).toContain(job.outputs?.assets[0]?.sha256);
    expect(await sha256(bytes ?? new Uint8Array())).toBe(job.outputs?.assets[0]?.sha256);
    expect(job.outputs?.assets[0]?.bytes).toBe(bytes?.length);
  });

  test("within one fetch that was cut in the middle", async () => {
    const [before, after] = [bigPng(2 * MB, 3), bigPng(2 * MB, 4)];
    const { run, seePublic } = await rowWith(
      "/cut.png",
      { bytes: before.subarray(0, MB), headers: { "content-length": String(before.length) }, ends: "cut" },
      { bytes: after, sized: true },
    );
    const job = await run();
    expect(job).toMatchObject({ state: "completed", attempt: 1 });
    expect(job.outputs?.assets[0]?.sha256).toBe(await sha256(after));
    expect(await seePublic()).toEqual(after);
  });

  test("into nothing: the token stays private and the dead letter says which status", async () => {
    const { run, seePublic, url } = await rowWith(
      "/goes.png",
      { status: 500 },
      { status: 500 },
      { status: 500 },
      { status: 410 },
    );
    expect(await run()).toMatchObject({ state: "retryable", attempt: 1, error: { httpStatus: 500 } });
    const job = await run();
    expect(job).toMatchObject({ state: "dead", error: { code: "media.gone", httpStatus: 410 } });
    expect(job.error?.message).toContain(`${url}, got 410`);
    expect(await seePublic()).toBeNull();
  });
});
