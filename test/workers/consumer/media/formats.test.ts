/** What arrives is what was sent: real files of every documented format, from a host and from a set, to the public. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { MediaField, MediaSource } from "../../../../shared/job/job.ts";
import { MB } from "../../../../shared/limits.ts";
import { putMedia } from "../../../../shared/media/store.ts";
import { fixture, sha256, streamOf } from "../../../shared/media/fixtures.ts";
import { deliver, onlyJob, queuedBatch } from "../../../support/consumer.ts";
import { mediaHosts } from "../../../support/hostile.ts";
import { argsOf } from "../../../support/rows.ts";

const { hosts, all } = mediaHosts();
const [art] = hosts;
const variables = { MEDIA_PRIVATE_HOSTS: all };

type Format = readonly [file: string, field: MediaField, contentType: string];
const DOCUMENTED: readonly Format[] = [
  ["tiny.png", "image", "image/png"],
  ["tiny.jpg", "image", "image/jpeg"],
  ["tiny.gif", "image", "image/gif"],
  ["tiny.webp", "image", "image/webp"],
  ["tiny.avif", "image", "image/avif"],
  ["tiny.svg", "image", "image/svg+xml"],
  ["tiny.mp4", "video", "video/mp4"],
  ["tiny.webm", "video", "video/webm"],
  ["tiny.mp3", "audio", "audio/mpeg"],
  ["tiny.wav", "audio", "audio/wav"],
  ["tiny.ogg", "audio", "audio/ogg"],
  ["tiny.glb", "animation_url", "model/gltf-binary"],
];
const OTHER_ENCODINGS: readonly Format[] = [
  ["progressive.jpg", "image", "image/jpeg"],
  ["animated.png", "image", "image/png"],
  ["animated.webp", "image", "image/webp"],
  ["fragmented.mp4", "animation_url", "video/mp4"],
  ["index-behind.mp4", "video", "video/mp4"],
  ["cover.mp3", "audio", "audio/mpeg"],
  ["vorbis.ogg", "audio", "audio/ogg"],
  ["theora.ogv", "video", "video/ogg"],
];

/** One row with this media, delivered; what is on record, and what anybody gets from the public address. */
async function published(field: MediaField, source: MediaSource) {
  const { id, keys, collectionId, emulator } = await queuedBatch({
    args: (line) => ({ ...argsOf(line), media: [{ field, source }] }),
  });
  await deliver(keys, { variables });
  const job = await onlyJob(id);
  const seen = await emulator.seePublic(`/projects/1/collections/${collectionId}/tokens/2.json`);
  const url = ((await seen.json()) as Record<string, string>)[field] ?? "";
  const file = await fetch(url);
  return {
    job,
    asset: job.outputs?.assets[0],
    url,
    bytes: await file.bytes(),
    contentType: file.headers.get("content-type"),
  };
}

const inSet = async (file: string, name: string, contentType: string): Promise<MediaSource> => {
  const bytes = fixture(file);
  const stored = await putMedia(env.BUCKET, streamOf(bytes), {
    declaredBytes: bytes.length,
    maxBytes: MB,
    where: name,
  });
  if (!stored.ok) throw new Error(stored.error.message);
  return { kind: "set", fileName: name, sha256: stored.value.sha256, bytes: bytes.length, contentType };
};

describe.each([...DOCUMENTED, ...OTHER_ENCODINGS])("%s as %s", (file, field, contentType) => {
  const extension = { "image/svg+xml": "svg", "image/jpeg": "jpg" }[contentType] ?? file.split(".")[1] ?? "";

  test("from a host that calls it something else, byte for byte, with the type of the bytes", async () => {
    const headers = { "content-type": "application/octet-stream" };
    const url = await art.say(`/formats/${file}.txt`, { bytes: fixture(file), headers });
    const got = await published(field, { kind: "url", url });
    expect(got.job).toMatchObject({ state: "completed", attempt: 1 });
    expect(got.bytes).toEqual(fixture(file));
    expect(got.asset).toMatchObject({
      sha256: await sha256(fixture(file)),
      bytes: fixture(file).length,
      contentType,
    });
    expect(got.asset?.note).toBe(`The name says .txt, the bytes are ${contentType}: sent as .${extension}.`);
    // The service has one name for both kinds of OGG.
    const served = contentType.replace("video/ogg", "audio/ogg");
    expect([got.contentType, got.url.split(".").pop()]).toEqual([
      served,
      served === "audio/ogg" ? "ogg" : extension,
    ]);
  });

  test("from a media set under its own name, byte for byte, with nothing to note", async () => {
    const got = await published(field, await inSet(file, `art/${file}`, contentType));
    expect(got.bytes).toEqual(fixture(file));
    expect(got.asset).toMatchObject({ sha256: await sha256(fixture(file)), contentType });
    expect(got.asset?.note).toBeUndefined();
  });
});

test("a file of a set whose name says something else is noted as well", async () => {
  const got = await published("image", await inSet("tiny.jpg", "Dragon.PNG", "image/jpeg"));
  expect(got.url).toMatch(/\.jpg$/);
  expect(got.asset?.note).toBe("The name says .png, the bytes are image/jpeg: sent as .jpg.");
});
