/** The checker is silent over a good run, and fires by name when one promise is broken once. */
import { describe, expect, it } from "vitest";
import { checkInvariants } from "../../../shared/invariants/check.ts";
import type { BatchFact, CallFact, Facts, JobFact } from "../../../shared/invariants/facts.ts";
import { PROMISES, type PromiseName, violationText } from "../../../shared/invariants/violation.ts";
import { COLLECTION, errorOf, goodFacts, sha } from "./good-facts.ts";

const { store, upstream } = goodFacts;

const withStore = (changed: Partial<Facts["store"]>): Facts => ({
  ...goodFacts,
  store: { ...store, ...changed },
});
const withUpstream = (changed: Partial<Facts["upstream"]>): Facts => ({
  ...goodFacts,
  upstream: { ...upstream, ...changed },
});
const withJob = (batchId: string, line: number, change: (job: JobFact) => Partial<JobFact>): Facts =>
  withStore({
    jobs: store.jobs.map((job) =>
      job.batchId === batchId && job.line === line ? { ...job, ...change(job) } : job,
    ),
  });
const withBatch = (id: string, change: (batch: BatchFact) => Partial<BatchFact>): Facts =>
  withStore({
    batches: store.batches.map((batch) => (batch.id === id ? { ...batch, ...change(batch) } : batch)),
  });
const withToken = (tokenId: string, changed: Partial<Facts["upstream"]["tokens"][number]>): Facts =>
  withUpstream({
    tokens: upstream.tokens.map((one) => (one.tokenId === tokenId ? { ...one, ...changed } : one)),
  });
const withMetadata = (tokenId: string, changed: Record<string, unknown>): Facts =>
  withUpstream({
    tokens: upstream.tokens.map((one) =>
      one.tokenId === tokenId ? { ...one, metadata: { ...one.metadata, ...changed } } : one,
    ),
  });

const lastCall = upstream.calls.length;
const call = (given: Partial<CallFact>): CallFact => ({
  ...(upstream.calls[1] as CallFact),
  id: lastCall + 1,
  acted: lastCall + 1,
  at: 16_000,
  isPrivate: null,
  ...given,
});
const withCall = (given: Partial<CallFact>): Facts =>
  withUpstream({ calls: [...upstream.calls, call(given)] });
/** As if the call of this method for this token had been carried out before all others of the token. */
const withCallFirst = (tokenId: string, method: string): Facts =>
  withUpstream({
    calls: upstream.calls.map((one) =>
      one.tokenId === tokenId && one.method === method ? { ...one, acted: 1.5 } : one,
    ),
  });

const letter = store.deadLetters[0] as Facts["store"]["deadLetters"][number];
const attemptOf = (job: JobFact): JobFact["attempts"][number] =>
  job.attempts[0] as JobFact["attempts"][number];
const failedWith =
  (code: string, httpStatus: number | null, endedAt = 9_050) =>
  (job: JobFact): Partial<JobFact> => ({
    attempts: [
      { ...attemptOf(job), outcome: "retryable", endedAt, error: errorOf(code, httpStatus, true) },
      ...job.attempts.slice(1),
    ],
  });

/** As if batch A had been published later, and its older row of token 1 had gone over that of batch B. */
function withStalePublish(): Facts {
  const [a, b] = [store.batches[0], store.batches[1]];
  const newer = store.jobs.find(({ batchId }) => batchId === "bat_B");
  if (!a || !b || !newer) throw new Error("the good facts have changed");
  const flip: BatchFact = { ...b, id: "bat_E", kind: "publish", sourceId: a.id, startedAt: 29_000 };
  const attempts = newer.attempts.map((one) => ({ ...one, startedAt: 30_000, endedAt: 30_050 }));
  const job: JobFact = { ...newer, batchId: flip.id, line: 2, stateAt: 30_060, attempts };
  return withStore({
    batches: [...store.batches, flip],
    jobs: [...store.jobs, job],
    manifest: store.manifest.map((row) =>
      row.batchId === newer.batchId ? { ...row, batchId: flip.id, line: 2, claims: row.claims + 1 } : row,
    ),
  });
}

type Case = [broken: string, name: PromiseName, facts: Facts, says: RegExp];

const cases: Case[] = [
  [
    "a publish goes over a later batch's row",
    "flip.overwrote",
    withStalePublish(),
    /batch bat_E line 2, token 900\/1: expected it to be left to bat_B:\d+/,
  ],
  [
    "a second CreateToken succeeds",
    "token.doubled",
    withCall({ method: "CreateToken", tokenId: "2", isPrivate: true }),
    /line 3, token 900\/2: .*call \d+ made again what call \d+ had made/,
  ],
  [
    "a second CreateAsset succeeds",
    "asset.doubled",
    withCall({ method: "CreateAsset", tokenId: "2", field: "image", assetId: 9_999 }),
    /CreateAsset for image, but call \d+ made asset 9999 beside asset 4402/,
  ],
  [
    "it is published before the upload",
    "token.bare",
    withCallFirst("2", "UpdateToken"),
    /UpdateToken .* before the upload of image/,
  ],
  [
    "it is created public",
    "token.bare",
    withUpstream({
      calls: upstream.calls.map((one) =>
        one.tokenId === "4" && one.method === "CreateToken" ? { ...one, isPrivate: false } : one,
      ),
    }),
    /CreateToken .* left it public before the upload of image/,
  ],
  [
    "a public token appears that no row names",
    "token.unasked",
    withUpstream({
      tokens: [
        ...upstream.tokens,
        { ...(upstream.tokens[1] as Facts["upstream"]["tokens"][number]), tokenId: "77" },
      ],
      calls: [...upstream.calls, call({ method: "CreateToken", tokenId: "77", isPrivate: false })],
    }),
    /token 900\/77: call \d+ made it/,
  ],
  [
    "somebody else's token is written to",
    "key.foreign_touched",
    withCall({ method: "UpdateToken", tokenId: "5", isPrivate: false }),
    /expected no write, found UpdateToken/,
  ],
  [
    "the name differs",
    "job.differs",
    withMetadata("2", { name: "Relic" }),
    /name: expected "Relic 2", found "Relic"/,
  ],
  ["the description is lost", "job.differs", withMetadata("2", { description: "" }), /description: expected/],
  ["an attribute is lost", "job.differs", withMetadata("2", { attributes: null }), /attributes: expected \[/],
  [
    "a property changes",
    "job.differs",
    withMetadata("2", { properties: { supply: 2 } }),
    /properties: expected/,
  ],
  ["decimals are lost", "job.differs", withMetadata("2", { decimals: null }), /decimals: expected 0/],
  [
    "an external URL appears",
    "job.differs",
    withMetadata("2", { external_url: "https://x" }),
    /external_url: expected ""/,
  ],
  ["it stays private", "job.differs", withToken("2", { isPrivate: true }), /expected it public/],
  [
    "the older of two rows is what is there",
    "job.differs",
    withMetadata("1", { name: "Relic 1" }),
    /batch bat_B line 2.*expected "Relic 1, cleaned"/,
  ],
  [
    "the token is gone",
    "job.differs",
    withUpstream({ tokens: upstream.tokens.filter(({ tokenId }) => tokenId !== "2") }),
    /the token is not there/,
  ],
  [
    "other bytes are there",
    "job.differs",
    withUpstream({
      assets: upstream.assets.map((one) => (one.tokenId === "2" ? { ...one, sha256: sha("x") } : one)),
    }),
    /image: expected bytes with SHA-256 2000/,
  ],
  [
    "the source holds other bytes than were uploaded",
    "job.differs",
    { ...goodFacts, mediaAt: (url) => (url.endsWith("/2.png") ? sha("y") : undefined) },
    /as the row names it/,
  ],
  [
    "the asset on record is gone",
    "job.differs",
    withUpstream({ assets: upstream.assets.map((one) => (one.tokenId === "2" ? { ...one, id: 1 } : one)) }),
    /expected asset 4402, and it is not there/,
  ],
  [
    "a row has no job",
    "job.lost",
    withBatch("bat_A", ({ rowsTotal, rowsValid }) => ({
      rowsTotal: rowsTotal + 1,
      rowsValid: rowsValid + 1,
    })),
    /expected a job for each of 6 valid rows, found 5/,
  ],
  [
    "rows do not add up",
    "job.lost",
    withBatch("bat_A", () => ({ rowsInvalid: 0 })),
    /add up to 6, found 5 and 0/,
  ],
  [
    "a batch ends with a job open",
    "job.lost",
    withStore({
      jobs: store.jobs.map((job) => (job.tokenId === "7" ? { ...job, state: "pending" as const } : job)),
      batches: store.batches.map((one) =>
        one.id === "bat_C" ? { ...one, counts: { ...one.counts, cancelled: 0, pending: 1 } } : one,
      ),
    }),
    /line 3, token 900\/7: the batch is cancelled, and the job is still pending/,
  ],
  [
    "a counter is off by one",
    "counts.drift",
    withBatch("bat_A", (one) => ({ counts: { ...one.counts, completed: 4 } })),
    /counts 4 completed, its jobs are 3/,
  ],
  [
    "an outcome is counted twice",
    "counts.drift",
    withBatch("bat_A", (one) => ({ outcomes: { ...one.outcomes, created: 4 } })),
    /counts 4 created, its jobs are 3/,
  ],
  [
    "a dead letter is missing",
    "dead.unrecorded",
    withStore({ deadLetters: store.deadLetters.slice(1) }),
    /found 0 of 0/,
  ],
  [
    "two dead letters are open",
    "dead.unrecorded",
    withStore({ deadLetters: [...store.deadLetters, { ...letter, id: 9 }] }),
    /found 2 of 2/,
  ],
  [
    "a dead letter stays open",
    "dead.stray",
    withStore({ deadLetters: store.deadLetters.map((one) => ({ ...one, state: "open" as const })) }),
    /line 5: dead letter 2 .* is open, and its job is completed/,
  ],
  [
    "a discarded row goes on",
    "dead.stray",
    withStore({
      deadLetters: store.deadLetters.map((one) =>
        one.line === 5 ? { ...one, state: "discarded" as const } : one,
      ),
    }),
    /line 5: dead letter 2 .* is discarded, and its job is completed/,
  ],
  [
    "a row dies of 429",
    "dead.by_throttle",
    withStore({
      deadLetters: store.deadLetters.map((one) =>
        one.line === 4 ? { ...one, code: "sequence.rate_limited", httpStatus: 429 } : one,
      ),
    }),
    /only asked to wait/,
  ],
  [
    "a row dies of a busy media host",
    "dead.by_throttle",
    withStore({
      deadLetters: store.deadLetters.map((one) =>
        one.line === 4 ? { ...one, code: "media.host_error", httpStatus: 503 } : one,
      ),
    }),
    /media\.host_error \(HTTP 503\)/,
  ],
  [
    "a row dies in an outage",
    "dead.by_throttle",
    withStore({
      deadLetters: store.deadLetters.map((one) =>
        one.line === 4 ? { ...one, code: "sequence.unreachable", httpStatus: null, createdAt: 120_000 } : one,
      ),
    }),
    /met in an outage/,
  ],
  [
    "there are more attempts than there may be",
    "attempt.burnt",
    { ...goodFacts, maxAttempts: 1 },
    /expected at most 1 attempts, found 2/,
  ],
  [
    "a wait is counted as an attempt",
    "attempt.burnt",
    withJob("bat_D", 3, () => ({ attempt: 1 })),
    /attempt is 1, but the runs on record are: 1 snoozed/,
  ],
  [
    "a crash is counted as an attempt",
    "attempt.burnt",
    withJob("bat_A", 3, () => ({ attempt: 3 })),
    /attempt is 3, but the runs on record are: 1 retryable, 2 snoozed, 2 lost, 2 completed/,
  ],
  [
    "429 costs an attempt",
    "attempt.burnt",
    withJob("bat_A", 3, failedWith("sequence.rate_limited", 429)),
    /only asked to wait/,
  ],
  [
    "a refused key costs an attempt",
    "attempt.burnt",
    withJob("bat_A", 3, failedWith("key.refused", 401)),
    /account's fault/,
  ],
  [
    "an outage costs attempts after its first ten seconds",
    "attempt.burnt",
    withJob("bat_A", 3, failedWith("sequence.bad_response", 502, 111_000)),
    /in the midst of an outage/,
  ],
  [
    "the manifest lacks a token",
    "manifest.wrong",
    withStore({ manifest: store.manifest.filter(({ tokenId }) => tokenId !== "2") }),
    /does not know the token/,
  ],
  [
    "the manifest points to the job before",
    "manifest.wrong",
    withStore({
      manifest: store.manifest.map((one) => (one.tokenId === "1" ? { ...one, batchId: "bat_A" } : one)),
    }),
    /bat_B:2 was taken for it later/,
  ],
  [
    "the manifest points to nothing",
    "manifest.wrong",
    withStore({ manifest: store.manifest.map((one) => (one.tokenId === "2" ? { ...one, line: 99 } : one)) }),
    /no job of this token stands there/,
  ],
  [
    "the manifest forgets claims",
    "manifest.wrong",
    withStore({ manifest: store.manifest.map((one) => (one.tokenId === "2" ? { ...one, claims: 1 } : one)) }),
    /counts 1 claims, the token's jobs were taken 4 times/,
  ],
  [
    "a lease outlives its batch",
    "lease.left",
    withStore({ leases: [...store.leases, { id: "lease-2", expiresAt: 1, jobs: [{ b: "bat_A", l: 2 }] }] }),
    /lease lease-2 over lines 2/,
  ],
  ["a running job has no lease", "lease.missing", withStore({ leases: [] }), /running under lease lease-1/],
  [
    "a cancelled batch goes on calling",
    "stop.ignored",
    withCall({ method: "GetToken", tokenId: "7", at: 25_100 }),
    /GetToken .* 5\.1 s after/,
  ],
  [
    "the ceiling is exceeded",
    "rate.exceeded",
    { ...goodFacts, callsPerSecond: 18 },
    /at most 18 calls in any second, found 19/,
  ],
];

describe("the checker", () => {
  it("says nothing of a good run", () => {
    expect(checkInvariants(goodFacts).map(violationText)).toEqual([]);
  });

  it.each(cases)("fires when %s: %s", (_broken, name, facts, says) => {
    const found = checkInvariants(facts);
    expect(new Set(found.map((one) => one.name))).toEqual(new Set([name]));
    expect(found.map(violationText).join("\n")).toMatch(says);
  });

  it("has a case for every promise", () => {
    expect(new Set(cases.map(([, name]) => name))).toEqual(new Set(Object.keys(PROMISES)));
  });
});

describe("what looks like a breach and is none", () => {
  it.each<[string, Facts]>([
    [
      "an asset made again after it was deleted",
      withUpstream({
        calls: [
          ...upstream.calls,
          call({ method: "DeleteAsset", tokenId: null, assetId: 4_402 }),
          call({ method: "CreateAsset", tokenId: "2", field: "image", assetId: 9_999, acted: lastCall + 2 }),
        ],
      }),
    ],
    [
      "a create that was refused, and one that was never carried out",
      withUpstream({
        calls: [
          ...upstream.calls,
          call({ method: "CreateToken", tokenId: "2", status: 409 }),
          call({ method: "CreateToken", tokenId: "2", acted: null }),
        ],
      }),
    ],
    [
      "a discarded dead letter",
      withStore({
        deadLetters: store.deadLetters.map((one) =>
          one.line === 4 ? { ...one, state: "discarded" as const } : one,
        ),
      }),
    ],
    [
      "a dead letter that was pruned after its days",
      {
        ...withStore({ deadLetters: store.deadLetters.filter(({ line }) => line !== 4) }),
        prunedBefore: 1_000_000,
      },
    ],
    [
      "the place in the manifest of a token that an edited row had before",
      withStore({
        manifest: store.manifest.map((one) => (one.tokenId === "3" ? { ...one, batchId: "", line: 0 } : one)),
        edits: [{ batchId: "bat_A", line: 4, tokenId: "3" }],
      }),
    ],
    [
      "a token that a later job is about to change",
      {
        ...withStore({
          jobs: store.jobs.map((job) =>
            job.batchId === "bat_D" && job.line === 2 ? { ...job, tokenId: "6", stateAt: 12_000 } : job,
          ),
          manifest: store.manifest
            .filter(({ tokenId }) => tokenId !== "8")
            .map((one) => (one.tokenId === "6" ? { ...one, batchId: "bat_D", line: 2, claims: 2 } : one)),
        }),
        upstream: withMetadata("6", { name: "half-way" }).upstream,
      },
    ],
    [
      "a call for a cancelled batch that was on its way",
      withCall({ method: "GetToken", tokenId: "7", at: 24_900 }),
    ],
    [
      "an outage that costs attempts in its first ten seconds",
      withJob("bat_A", 3, failedWith("sequence.unreachable", null, 109_000)),
    ],
    [
      "a batch that intake is still writing",
      withBatch("bat_A", () => ({ startedAt: null, state: "validating", finishedAt: null, rowsTotal: 99 })),
    ],
    [
      "a token of somebody else that was to be updated",
      {
        ...withBatch("bat_A", (one) => ({ options: { ...one.options, onExisting: "update" } })),
        upstream: {
          ...upstream,
          calls: [...upstream.calls, call({ method: "UpdateToken", tokenId: "5", isPrivate: false })],
        },
      },
    ],
    [
      "a picture of the collection itself",
      withUpstream({
        assets: [
          ...upstream.assets,
          { id: 1, collectionId: COLLECTION, tokenId: null, field: "image", sha256: null },
        ],
      }),
    ],
  ])("%s", (_what, facts) => {
    expect(checkInvariants(facts).map(violationText)).toEqual([]);
  });
});
