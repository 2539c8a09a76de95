/** publish, unpublish, verify, and what is still between the tokens and the public. */
import { describe, expect, it } from "vitest";
import type { Batch } from "../../shared/api/contract.ts";
import { BATCH_ID, batchOf, playApi, problem } from "./play-api.ts";
import { lastLine, runCli } from "./run-cli.ts";

const FLIP = "bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2D";
const of = (kind: Batch["kind"], given: Parameters<typeof batchOf>[0] = {}) =>
  batchOf({
    id: FLIP,
    kind,
    sourceId: BATCH_ID,
    outcomes: { created: 0, updated: 10, unchanged: 0 },
    ...given,
  });

const NO_CONTRACT = { body: { items: [], nextCursor: null } };
const CONTRACT = {
  collectionId: 900,
  chainId: 137,
  contractAddress: `0x${"ab".repeat(20)}`,
  linked: true,
  refused: null,
  createdAt: "2026-11-23T10:00:00.000Z",
};
const DRIFT = {
  jobId: `${FLIP}:3`,
  line: 3,
  tokenId: "2",
  field: "name",
  expected: "Relic 2",
  got: "Renamed",
  next: "Submit it again with --force.",
  foundAt: "2026-11-23T10:00:00.000Z",
};

describe("publish", () => {
  it("follows its batch to the end and says what was flipped", async () => {
    await using api = await playApi({
      [`POST /v1/batches/${BATCH_ID}/publish`]: { status: 202, body: of("publish", { state: "validating" }) },
      [`GET /v1/batches/${FLIP}`]: {
        body: of("publish", { warnings: 1, outcomes: { created: 0, updated: 7, unchanged: 3 } }),
      },
      "GET /v1/collections/900/contracts": NO_CONTRACT,
    });
    const ran = await runCli(["publish", BATCH_ID, "--priority", "high"], { url: api.url });
    expect(ran.code).toBe(0);
    expect(api.seen[0]?.query.get("priority")).toBe("high");
    expect(ran.stdout).toContain(
      "published: 7 tokens made public, 2 already so, 1 left to a later batch, 0 failed",
    );
    expect(ran.stdout).toContain(`status ${FLIP} --errors`);
    expect(lastLine(ran)).toContain("collection link 900 --chain CHAIN_ID --contract 0x…");
  });

  it("with --no-watch says how to follow it; a refusal is told with what to do", async () => {
    await using api = await playApi({
      [`POST /v1/batches/${BATCH_ID}/unpublish`]: {
        status: 202,
        body: of("unpublish", { state: "validating" }),
      },
      [`POST /v1/batches/${BATCH_ID}/publish`]: problem(409, "batch.opposite_open"),
    });
    const begun = await runCli(["unpublish", BATCH_ID, "--no-watch"], { url: api.url });
    expect([begun.code, lastLine(begun)]).toEqual([0, expect.stringContaining(`watch ${FLIP}`)]);
    const refused = await runCli(["publish", BATCH_ID], { url: api.url });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("What to do about batch.opposite_open.");
  });
});

describe("verify", () => {
  it("lists the drifts and exits 1", async () => {
    await using api = await playApi({
      [`POST /v1/batches/${BATCH_ID}/verify`]: { status: 202, body: of("verify", { state: "running" }) },
      [`GET /v1/batches/${FLIP}`]: { body: of("verify", { drifts: 2 }) },
      [`GET /v1/batches/${FLIP}/drifts`]: {
        body: {
          items: [{ ...DRIFT, jobId: null, line: 0, tokenId: "", field: "collection" }, DRIFT],
          nextCursor: null,
        },
      },
    });
    const ran = await runCli(["verify", BATCH_ID], { url: api.url });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain("verified: 10 tokens read back, 2 drifts, 0 failed");
    expect(ran.stdout).toContain("the collection: collection: expected");
    expect(ran.stdout).toContain("token 2 (line 3): name: expected Relic 2, got Renamed");
  });
});

describe("the last line of a finished run", () => {
  const last = async (batch: Batch, contracts: unknown[]) => {
    await using api = await playApi({
      [`GET /v1/batches/${batch.id}`]: { body: batch },
      "GET /v1/collections/900/contracts": { body: { items: contracts, nextCursor: null } },
    });
    return lastLine(await runCli(["watch", batch.id], { url: api.url }));
  };

  it.each([
    ["a staged batch", batchOf({ publish: false }), [], `publish ${BATCH_ID}`],
    [
      "one that was taken back",
      batchOf({ followUps: { publish: "bat_1", unpublish: "bat_2", verify: null } }),
      [],
      `publish ${BATCH_ID}`,
    ],
    [
      "one that was published since, in a private collection",
      batchOf({
        publish: false,
        collectionPublished: false,
        followUps: { publish: "bat_1", unpublish: null, verify: null },
      }),
      [],
      "collection publish 900",
    ],
    ["no contract", batchOf(), [], "collection link 900"],
    ["a contract", batchOf(), [CONTRACT], `collection refresh 900 --batch ${BATCH_ID}`],
    ["what was unpublished", of("unpublish"), [CONTRACT], `publish ${BATCH_ID}`],
  ])("names what is in the way: %s", async (_what, batch, contracts, typed) => {
    expect(await last(batch, contracts)).toContain(`npx --no mintline ${typed}`);
  });
});

describe("collection link and refresh", () => {
  it("say a refusal of Sequence, and that it is recorded", async () => {
    const refused = { code: "sequence.conflict", message: "Taken.", next: "Take it away there." };
    await using api = await playApi({
      "POST /v1/collections/900/contracts": { status: 201, body: { ...CONTRACT, linked: false, refused } },
    });
    const ran = await runCli(
      ["collection", "link", "900", "--chain", "137", "--contract", CONTRACT.contractAddress],
      { url: api.url },
    );
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("recorded");
    expect(ran.stdout).toContain(
      "not linked at Sequence (sequence.conflict): Taken.\nnext: Take it away there.",
    );
    expect(lastLine(ran)).toContain("collection refresh 900");
  });

  it("follow a refresh to its end", async () => {
    const refresh = {
      id: "ref_1",
      collectionId: 900,
      batchId: BATCH_ID,
      state: "running",
      tokens: 0,
      done: 0,
      failed: 0,
      error: null,
      createdAt: "2026-11-23T10:00:00.000Z",
      finishedAt: null,
    };
    await using api = await playApi({
      "POST /v1/collections/900/refresh": { status: 202, body: refresh },
      "GET /v1/refreshes/ref_1": { body: { ...refresh, state: "finished", tokens: 10, done: 10 } },
    });
    const ran = await runCli(["collection", "refresh", "900", "--batch", BATCH_ID], { url: api.url });
    expect([ran.code, lastLine(ran)]).toEqual([0, "finished: 10 asked for, 10 refreshed, 0 failed"]);
    expect(JSON.parse(String(api.seen[0]?.body))).toEqual({ batchId: BATCH_ID });
  });
});
