/**
 * A good run by hand, small and with something of everything: jobs that passed at once, after a retry and after
 * a replay, one that is dead, a token that somebody else made, an update, and a batch cancelled in the middle.
 */
import type {
  AssetFact,
  BatchFact,
  CallFact,
  Facts,
  JobFact,
  ManifestFact,
  TokenFact,
} from "../../../shared/invariants/facts.ts";
import type { BatchOptions } from "../../../shared/job/batch.ts";
import type { AttemptRecord, JobArgs, JobError } from "../../../shared/job/job.ts";

export const COLLECTION = 900;
export const sha = (text: string): string => text.padEnd(64, "0");
export const pictureUrl = (tokenId: string): string => `https://media.example/${tokenId}.png`;

const OPTIONS: BatchOptions = {
  onInvalid: "skip",
  onExisting: "fail",
  publish: true,
  dryRun: false,
  first: null,
  force: false,
  refreshMedia: false,
  mediaSet: null,
  template: {},
  map: {},
  tokenIds: "file",
  firstTokenId: "0",
  contentType: "text/csv",
  priority: "normal",
};

const row = (tokenId: string, name = `Relic ${tokenId}`): JobArgs => ({
  tokenId,
  token: {
    name,
    description: `What is told of ${tokenId}.`,
    decimals: 0,
    properties: { supply: 1 },
    attributes: [{ trait_type: "Age", value: 7 }],
  },
  media: [{ field: "image", source: { kind: "url", url: pictureUrl(tokenId) } }],
});

const attempt = (
  number: number,
  outcome: AttemptRecord["outcome"],
  at: number,
  error: JobError | null = null,
): AttemptRecord => ({
  attempt: number,
  startedAt: at,
  endedAt: at + 50,
  outcome,
  steps: [],
  error,
});

export const errorOf = (code: string, httpStatus: number | null, retryable: boolean): JobError => ({
  step: "create-token",
  code,
  message: "Expected, got.",
  next: "Look.",
  httpStatus,
  retryable,
});

const job = (batchId: string, line: number, tokenId: string, given: Partial<JobFact> = {}): JobFact => ({
  batchId,
  line,
  tokenId,
  args: row(tokenId),
  state: "completed",
  attempt: 1,
  claims: 1,
  leaseId: null,
  stateAt: 10_000,
  outputs: {
    token: "created",
    sent: false,
    assets: [
      {
        field: "image",
        id: idOf(tokenId),
        url: "u",
        sha256: sha(tokenId),
        bytes: 9,
        contentType: "image/png",
      },
    ],
    published: true,
  },
  outcome: "created",
  error: null,
  attempts: [attempt(1, "completed", 9_950)],
  ...given,
});

const idOf = (tokenId: string): number => 4_400 + Number(tokenId);

const untaken: Partial<JobFact> = { attempt: 0, claims: 0, outputs: null, outcome: null, attempts: [] };

const batch = (id: string, given: Partial<BatchFact>): BatchFact => ({
  kind: "submit",
  sourceId: null,
  id,
  state: "finished",
  collectionId: COLLECTION,
  options: OPTIONS,
  rowsTotal: 0,
  rowsValid: 0,
  rowsInvalid: 0,
  counts: {
    ...{ pending: 0, queued: 0, running: 0, retryable: 0, snoozed: 0 },
    ...{ completed: 0, dead: 0, cancelled: 0 },
  },
  outcomes: { created: 0, updated: 0, unchanged: 0 },
  createdAt: 5_000,
  startedAt: 6_000,
  finishedAt: 20_000,
  ...given,
});

const counts = (given: Partial<BatchFact["counts"]>): BatchFact["counts"] => ({
  ...batch("", {}).counts,
  ...given,
});

/** The calls that make a token public, from a moment on. */
const made = (tokenId: string, at: number): Partial<CallFact>[] => [
  { method: "CreateToken", tokenId, at, isPrivate: true },
  { method: "CreateAsset", tokenId, at: at + 1, field: "image", assetId: idOf(tokenId) },
  { method: "UploadAsset", tokenId, at: at + 2, field: "image", assetId: idOf(tokenId), surface: "upload" },
  { method: "UpdateToken", tokenId, at: at + 3, isPrivate: false },
];

const numbered = (calls: readonly Partial<CallFact>[]): CallFact[] =>
  calls.map((call, index) => ({
    id: index + 1,
    at: 0,
    surface: "collections",
    method: "GetToken",
    collectionId: COLLECTION,
    tokenId: null,
    assetId: null,
    field: null,
    status: 200,
    acted: index + 1,
    fault: null,
    isPrivate: null,
    ...call,
  }));

const token = (tokenId: string, given: Partial<TokenFact> = {}): TokenFact => ({
  collectionId: COLLECTION,
  tokenId,
  isPrivate: false,
  metadata: { image: "", external_url: "", background_color: "", ...row(tokenId).token },
  ...given,
});

const asset = (tokenId: string): AssetFact => ({
  id: idOf(tokenId),
  collectionId: COLLECTION,
  tokenId,
  field: "image",
  sha256: sha(tokenId),
});

const held = (
  tokenId: string,
  batchId: string,
  line: number,
  given: Partial<ManifestFact> = {},
): ManifestFact => ({
  collectionId: COLLECTION,
  tokenId,
  batchId,
  line,
  claims: 1,
  owned: false,
  found: false,
  ...given,
});

const renamed = row("1", "Relic 1, cleaned");

export const goodFacts: Facts = {
  maxAttempts: 5,
  callsPerSecond: 19,
  outages: [{ from: 100_000, until: 160_000 }],
  mediaAt: (url) =>
    ["1", "2", "4", "6"].map((id) => [pictureUrl(id), sha(id)]).find(([at]) => at === url)?.[1],
  store: {
    batches: [
      batch("bat_A", {
        rowsTotal: 6,
        rowsValid: 5,
        rowsInvalid: 1,
        counts: counts({ completed: 3, dead: 2 }),
        outcomes: { created: 3, updated: 0, unchanged: 0 },
      }),
      batch("bat_B", {
        rowsTotal: 1,
        rowsValid: 1,
        counts: counts({ completed: 1 }),
        outcomes: { created: 0, updated: 1, unchanged: 0 },
        options: { ...OPTIONS, onExisting: "update" },
      }),
      batch("bat_C", {
        state: "cancelled",
        rowsTotal: 2,
        rowsValid: 2,
        counts: counts({ completed: 1, cancelled: 1 }),
        outcomes: { created: 1, updated: 0, unchanged: 0 },
      }),
      batch("bat_D", {
        state: "running",
        finishedAt: null,
        rowsTotal: 2,
        rowsValid: 2,
        counts: counts({ running: 1, snoozed: 1 }),
      }),
    ],
    jobs: [
      job("bat_A", 2, "1"),
      job("bat_A", 3, "2", {
        attempt: 2,
        claims: 4,
        attempts: [
          attempt(1, "retryable", 9_000, errorOf("sequence.unreachable", null, true)),
          attempt(2, "snoozed", 9_200, errorOf("sequence.rate_limited", 429, true)),
          attempt(2, "lost", 9_400),
          attempt(2, "completed", 9_600),
        ],
      }),
      job("bat_A", 4, "3", {
        state: "dead",
        outcome: null,
        outputs: null,
        error: errorOf("media.not_found", 404, false),
        attempts: [attempt(1, "dead", 9_000, errorOf("media.not_found", 404, false))],
      }),
      job("bat_A", 5, "4", {
        claims: 2,
        attempts: [
          attempt(1, "dead", 9_000, errorOf("media.not_found", 404, false)),
          attempt(1, "completed", 9_950),
        ],
      }),
      job("bat_A", 7, "5", {
        state: "dead",
        outcome: null,
        outputs: null,
        error: errorOf("token.exists", null, false),
        attempts: [attempt(1, "dead", 9_000, errorOf("token.exists", null, false))],
      }),
      job("bat_B", 2, "1", {
        args: renamed,
        stateAt: 15_000,
        outcome: "updated",
        attempts: [attempt(1, "completed", 14_950)],
      }),
      job("bat_C", 2, "6"),
      job("bat_C", 3, "7", { ...untaken, state: "cancelled" }),
      job("bat_D", 2, "8", { ...untaken, state: "running", claims: 1, leaseId: "lease-1" }),
      job("bat_D", 3, "9", {
        ...untaken,
        state: "snoozed",
        claims: 1,
        attempts: [attempt(1, "snoozed", 12_000, errorOf("sequence.rate_limited", 429, true))],
      }),
    ],
    deadLetters: [
      {
        batchId: "bat_A",
        line: 4,
        id: 1,
        state: "open",
        code: "media.not_found",
        httpStatus: 404,
        createdAt: 9_050,
      },
      {
        batchId: "bat_A",
        line: 5,
        id: 2,
        state: "replayed",
        code: "media.not_found",
        httpStatus: 404,
        createdAt: 9_050,
      },
      {
        batchId: "bat_A",
        line: 7,
        id: 3,
        state: "open",
        code: "token.exists",
        httpStatus: null,
        createdAt: 9_050,
      },
    ],
    manifest: [
      held("1", "bat_B", 2, { claims: 2, owned: true }),
      held("2", "bat_A", 3, { claims: 4 }),
      held("3", "bat_A", 4),
      held("4", "bat_A", 5, { claims: 2 }),
      held("5", "bat_A", 7, { claims: 2, found: true }),
      held("6", "bat_C", 2),
      held("8", "bat_D", 2),
      held("9", "bat_D", 3),
    ],
    edits: [],
    leases: [{ id: "lease-1", expiresAt: 40_000, jobs: [{ b: "bat_D", l: 2 }] }],
  },
  upstream: {
    tokens: [
      token("1", { metadata: { ...token("1").metadata, ...renamed.token } }),
      ...["2", "4", "6"].map((tokenId) => token(tokenId)),
      token("5", { metadata: { name: "Made by hand" } }),
    ],
    assets: ["1", "2", "4", "6"].map(asset),
    calls: numbered([
      { method: "CreateToken", tokenId: "5", at: 1_000, isPrivate: false },
      ...made("1", 9_950),
      { method: "CreateToken", tokenId: "2", at: 9_000, status: 0, acted: null },
      { method: "GetToken", tokenId: "2", at: 9_050, status: 400 },
      ...made("2", 9_600),
      ...made("4", 9_950),
      { method: "GetToken", tokenId: "5", at: 9_000 },
      ...made("6", 9_950),
      { method: "UpdateToken", tokenId: "1", at: 14_950, isPrivate: false },
    ]),
  },
};
