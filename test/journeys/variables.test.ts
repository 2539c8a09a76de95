/** `npm start` with everything set that the contract lets a person set. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { publicKeyOf } from "../../emulator/keys.ts";
import { createClient } from "../../shared/api/client.ts";
import { csv, must, untilResting } from "../support/stack.ts";
import { freePort } from "../support/start.ts";
import { key, sideDoor, startIn, state } from "./started.ts";

describe("every variable of the contract", () => {
  it("has its effect", async () => {
    const dir = await state();
    const token = "a-token-of-the-operator";
    const hash = createHash("sha256").update(token).digest("hex");
    const port = await freePort();
    const set = {
      PORT: String(port),
      PROJECT_ID: "1",
      COLLECTION_ID: "900",
      JWT_ACCESS_KEY: key,
      PROJECT_ACCESS_KEY: publicKeyOf(1),
      API_TOKENS: `ops:admin:${hash}`,
      MAX_CALLS_PER_SECOND: "40",
      MEDIA_PRIVATE_HOSTS: "127.0.0.1:1",
      JOB_CONCURRENCY: "2",
      QUEUE_BATCH_SIZE: "3",
      MAX_ATTEMPTS: "1",
      CALL_TIMEOUT_MS: "5000",
    };
    const started = await startIn(dir, set);
    expect(started.url).toBe(`http://127.0.0.1:${port}`);
    expect(await started.client.batches()).toMatchObject({ ok: false });
    const client = createClient({ url: started.url, token });
    const collection = must(await client.createCollection({ name: "Default" }));
    expect(collection.id).toBe(900);

    const picture = new Uint8Array(readFileSync("test/fixtures/media/tiny.png"));
    must(await client.putMedia("art", "p.png", picture));
    const rows = Array.from({ length: 12 }, (_, index) => `${index + 1},Relic,p.png`);
    const file = csv("tokenId,name,image", rows);
    const submitted = must(await client.submit(file, { query: { mediaSet: "art" } }));
    const batch = await untilResting(client, submitted.id);
    expect(batch).toMatchObject({ state: "finished", collectionId: 900, jobs: { completed: 12 } });

    const calls = (await sideDoor(started).calls(900)).filter(({ tokenId }) => tokenId !== null);
    expect(calls).toHaveLength(48);
    const times = calls.map(({ at }) => at);
    const inOneSecond = (from: number) => times.filter((at) => at >= from && at < from + 1_000).length;
    expect(Math.max(...times.map(inOneSecond))).toBeLessThanOrEqual(40);
    const log = started.output();
    for (const secret of [key, token]) expect(log).not.toContain(secret);

    const hostile = `13,Relic,${started.emulatorUrl}/media/generated/p.png`;
    const refused = must(await client.submit(csv("tokenId,name,image", [hostile]), { query: {} }));
    expect(await untilResting(client, refused.id)).toMatchObject({ state: "invalid" });
  });
});
