/**
 * A server on 127.0.0.1 that plays Mintline's API for the CLI's tests: routes are handed in, every request is
 * kept. It answers with the contract's own schemas, so that a test cannot pass on an answer nobody would give.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { Batch, Collection, DeadLetter, MediaFile, Problem, Replay } from "../../shared/api/contract.ts";

export type Seen = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: Buffer;
};
export type Reply = { status?: number; headers?: Record<string, string>; body?: unknown };
type Route = Reply | ((seen: Seen) => Reply);

export type PlayedApi = AsyncDisposable & {
  url: string;
  seen: Seen[];
  /** Requests as `METHOD /path`. */
  calls: () => string[];
};

/** Routes are `METHOD /path`; a function is asked at every request, so it can change its answer. */
export async function playApi(routes: Record<string, Route>): Promise<PlayedApi> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const url = new URL(request.url ?? "/", "http://127.0.0.1");
      const kept: Seen = {
        method: request.method ?? "",
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body,
      };
      seen.push(kept);
      const route = routes[`${kept.method} ${kept.path}`] ?? routes[kept.method] ?? notFound(kept);
      const reply = typeof route === "function" ? route(kept) : route;
      const bytes = Buffer.isBuffer(reply.body) ? reply.body : JSON.stringify(reply.body);
      const status = reply.status ?? 200;
      response.writeHead(status, { "content-type": "application/json", ...reply.headers });
      response.end(status === 304 ? undefined : bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    calls: () => seen.map((one) => `${one.method} ${one.path}`),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const problem = (status: number, code: string, more: Record<string, unknown> = {}): Reply => ({
  status,
  headers: { "content-type": "application/problem+json" },
  body: Problem.parse({
    type: "about:blank",
    title: code,
    status,
    code,
    detail: `The reason behind ${code}.`,
    next: `What to do about ${code}.`,
    ...more,
  }),
});

const notFound = (seen: Seen): Reply =>
  problem(404, "route.not_found", { detail: `${seen.method} ${seen.path}` });

export const BATCH_ID = "bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C";

const NO_JOBS = {
  pending: 0,
  queued: 0,
  running: 0,
  retryable: 0,
  snoozed: 0,
  completed: 0,
  dead: 0,
  cancelled: 0,
};

/** A batch of ten rows, all done and public, but for what is given. */
export function batchOf(given: Omit<Partial<Batch>, "jobs"> & { jobs?: Partial<Batch["jobs"]> } = {}): Batch {
  const { jobs, ...rest } = given;
  return Batch.parse({
    id: BATCH_ID,
    name: "relics.csv",
    target: "emulator#1",
    collectionId: 900,
    collectionPublished: true,
    state: "finished",
    kind: "submit",
    sourceId: null,
    followUps: { publish: null, unpublish: null, verify: null },
    priority: "normal",
    rows: { total: 10, valid: 10, invalid: 0 },
    jobs: { ...NO_JOBS, ...(jobs ?? { completed: 10 }) },
    outcomes: { created: 10, updated: 0, unchanged: 0 },
    progress: 1,
    ratePerSecond: 8.4,
    etaSeconds: 0,
    waiting: null,
    halted: null,
    format: "opensea",
    mapping: {},
    warnings: 0,
    drifts: 0,
    publish: true,
    plan: null,
    createdAt: "2026-11-23T10:00:00.000Z",
    startedAt: "2026-11-23T10:00:01.000Z",
    finishedAt: "2026-11-23T10:00:09.000Z",
    ...rest,
  });
}

export const deadLetterOf = (line: number, given: Partial<DeadLetter> = {}): DeadLetter =>
  DeadLetter.parse({
    jobId: `${BATCH_ID}:${line}`,
    batchId: BATCH_ID,
    line,
    tokenId: String(line),
    name: `Relic ${line}`,
    state: "open",
    step: "upload-asset",
    code: "media.not_found",
    message: "https://art.example/9.png answered 404.",
    next: "Put the file there, then replay.",
    httpStatus: 404,
    host: "art.example",
    attempts: 1,
    fingerprint: "5f1c0a9be4d27731",
    createdAt: "2026-11-23T10:00:05.000Z",
    ...given,
  });

/** A replay of two letters that has just begun. */
export const replayOf = (given: Partial<Replay> = {}): Replay =>
  Replay.parse({
    id: "rep_1",
    state: "running",
    selected: 2,
    waiting: 0,
    done: 0,
    completed: 0,
    deadAgain: 0,
    left: 0,
    resting: 0,
    perSecond: null,
    ratePerSecond: 0,
    createdAt: "2026-11-23T10:00:00.000Z",
    endedAt: null,
    ...given,
  });

export const page = (items: unknown[], nextCursor: string | null = null) => ({ body: { items, nextCursor } });

export const mediaFileOf = (fileName: string, bytes: Buffer): MediaFile =>
  MediaFile.parse({
    fileName,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    bytes: bytes.length,
    contentType: "image/png",
  });

/** Answers in turn; the last one stays. */
export function inTurn(...replies: Reply[]): () => Reply {
  let at = 0;
  return () => replies[Math.min(at++, replies.length - 1)] ?? {};
}

/** A private collection with three tokens. */
export const collectionOf = (given: Partial<Collection> = {}): Collection =>
  Collection.parse({
    id: 900,
    name: "Relics",
    description: "Found things",
    externalLink: null,
    properties: null,
    attributes: null,
    image: null,
    published: false,
    tokenCount: 3,
    baseUri: "https://metadata.example/projects/1/collections/900/tokens/",
    contractUri: "https://metadata.example/projects/1/collections/900.json",
    ...given,
  });
