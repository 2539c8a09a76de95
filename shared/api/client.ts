/**
 * The HTTP API as typed methods, one a route. The CLI, the demo and the tests speak through it. What the
 * server says no to, and what cannot be reached or read, comes back as a value: see `CallFailure`.
 */
import * as z from "zod";
import type { FollowUpKind } from "../job/batch.ts";
import { ok, type Result } from "../result.ts";
import {
  address,
  ask,
  type Call,
  type CallFailure,
  type Connection,
  type Query,
  readJson,
  send,
} from "./call.ts";
import {
  Batch,
  Collection,
  type CollectionInput,
  type CollectionPatch,
  Contract,
  type ContractInput,
  DeadLetter,
  DeadLetterDetail,
  DeadLetterGroup,
  Discard,
  type DiscardRequest,
  DoctorReport,
  DriftView,
  Job,
  MediaFile,
  Naming,
  type NamingRequest,
  type Page,
  Patched,
  pageOf,
  Refresh,
  type RefreshRequest,
  Replay,
  type ReplayRequest,
  RowProblem,
  Upload,
  UploadedPart,
  type UploadRequest,
} from "./contract.ts";

export type Answer<T> = Promise<Result<T, CallFailure>>;
type Body = NonNullable<Call["body"]>;
type PageQuery = { limit?: number; cursor?: string | null };

/** What `POST /v1/batches` takes beside the file; `undefined` leaves the server's default. */
export type Submission = {
  query: Query;
  contentType?: string;
  idempotencyKey?: string;
};

/** A batch as far as it changed: `batch` is null on 304. */
export type BatchReading = { batch: Batch | null; etag: string | null; retryAfterSeconds: number | null };

export type DeadLetterFilter = PageQuery & {
  state?: DeadLetter["state"];
  batchId?: string;
  fingerprint?: string;
  step?: string;
  code?: string;
  httpStatus?: number;
  host?: string;
  line?: number;
  since?: string;
  until?: string;
  q?: string;
};

/** `GET /v1/collections/{id}/tokens/{tokenId}`: the token and its assets under Sequence's own names. */
export const TokenReading = z.looseObject({
  token: z.looseObject({ tokenId: z.string(), name: z.string() }),
  assets: z.array(z.looseObject({ id: z.number(), url: z.string().nullish() })),
});
export type TokenReading = z.infer<typeof TokenReading>;

/** `PATCH /v1/dead-letters/{jobId}`: the letter as it is then, and what is doubtful about the row. */
const EditedLetter = DeadLetterDetail.extend({ warnings: z.array(RowProblem) });
type EditedLetter = z.infer<typeof EditedLetter>;

const Health = z.unknown();
const segment = encodeURIComponent;

export type Client = ReturnType<typeof createClient>;

export function createClient(to: Connection) {
  const get = <T extends z.ZodType>(path: string, schema: T, query?: Query) =>
    ask(to, query ? { method: "GET", path, query } : { method: "GET", path }, schema);
  const post = <T extends z.ZodType>(path: string, schema: T, json?: unknown) =>
    ask(to, { method: "POST", path, json }, schema);

  return {
    url: to.url,

    health: () => get("/healthz", Health),
    doctor: () => get("/v1/doctor", DoctorReport),

    /** `file` is null where the query names an upload. */
    submit: (file: Body | null, { query, contentType, idempotencyKey }: Submission): Answer<Batch> =>
      ask(
        to,
        {
          method: "POST",
          path: "/v1/batches",
          query,
          ...(file === null ? {} : { body: file }),
          headers: {
            "content-type": contentType ?? "text/csv",
            ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
          },
        },
        Batch,
      ),
    batches: (page: PageQuery = {}) => get("/v1/batches", pageOf(Batch), page),
    batch: (id: string) => get(batchPath(id), Batch),
    /** Asks only for what changed since the reading with that ETag. */
    readBatch: (id: string, etag: string | null): Answer<BatchReading> => readBatch(to, id, etag),
    rowProblems: (id: string, page: PageQuery = {}) =>
      get(`${batchPath(id)}/errors`, pageOf(RowProblem), page),
    jobs: (id: string, query: PageQuery & { state?: string; step?: string } = {}) =>
      get(`${batchPath(id)}/jobs`, pageOf(Job), query),
    job: (id: string) => get(`/v1/jobs/${segment(id)}`, Job),
    /** The answer itself: a result may be as large as the file. */
    results: (id: string, fileName: string): Answer<Response> =>
      send(to, {
        method: "GET",
        path: `${batchPath(id)}/results/${segment(fileName)}`,
        headers: { accept: "*/*" },
        aboutFile: true,
      }),
    steer: (id: string, verb: "start" | "pause" | "resume" | "cancel") =>
      post(`${batchPath(id)}/${verb}`, Batch),
    /** A batch of its own that follows this one up; the one that is under way already, where there is one. */
    followUp: (id: string, verb: FollowUpKind, query: { priority?: string } = {}): Answer<Batch> =>
      ask(to, { method: "POST", path: `${batchPath(id)}/${verb}`, query }, Batch),
    /** What the verify with this id found, or the latest one of the batch with this id. */
    drifts: (id: string, page: PageQuery = {}) => get(`${batchPath(id)}/drifts`, pageOf(DriftView), page),

    beginUpload: (request: UploadRequest = {}) => post("/v1/uploads", Upload, request),
    upload: (id: string) => get(uploadPath(id), Upload),
    putPart: (id: string, number: number, part: Body): Answer<UploadedPart> =>
      ask(to, { method: "PUT", path: `${uploadPath(id)}/parts/${number}`, body: part }, UploadedPart),
    /** Its bytes are read from end to end before the answer. */
    completeUpload: (id: string): Answer<Upload> =>
      ask(to, { method: "POST", path: `${uploadPath(id)}/complete`, aboutFile: true }, Upload),

    mediaSet: (set: string, page: PageQuery = {}) =>
      get(`/v1/media-sets/${segment(set)}`, pageOf(MediaFile), page),
    putMedia: (set: string, fileName: string, file: Body): Answer<MediaFile> =>
      ask(to, { method: "PUT", path: mediaPath(set, fileName), body: file }, MediaFile),
    putMediaUpload: (set: string, fileName: string, uploadId: string): Answer<MediaFile> =>
      ask(
        to,
        { method: "PUT", path: mediaPath(set, fileName), query: { uploadId }, aboutFile: true },
        MediaFile,
      ),
    /** Gives names to what is here already; the rest is `missing`. */
    nameMedia: (set: string, request: NamingRequest) =>
      post(`/v1/media-sets/${segment(set)}`, Naming, request),
    deleteMedia: (set: string, fileName: string) =>
      send(to, { method: "DELETE", path: mediaPath(set, fileName) }),

    deadLetters: (filter: DeadLetterFilter = {}) => get("/v1/dead-letters", pageOf(DeadLetter), filter),
    deadLetter: (jobId: string) => get(`/v1/dead-letters/${segment(jobId)}`, DeadLetterDetail),
    deadLetterGroups: (filter: DeadLetterFilter = {}) =>
      get("/v1/dead-letters/groups", pageOf(DeadLetterGroup), filter),
    editDeadLetter: (jobId: string, cells: Readonly<Record<string, string>>): Answer<EditedLetter> =>
      ask(to, { method: "PATCH", path: `/v1/dead-letters/${segment(jobId)}`, json: { cells } }, EditedLetter),
    /** Without a batch, each line or token id must be that of one dead letter. */
    patchDeadLetters: (patch: Body, batchId: string | undefined): Answer<Patched> =>
      ask(
        to,
        {
          method: "PATCH",
          path: "/v1/dead-letters",
          query: { batchId },
          body: patch,
          headers: { "content-type": "text/csv" },
        },
        Patched,
      ),
    discardDeadLetters: (request: DiscardRequest) => post("/v1/dead-letters/discard", Discard, request),
    abortReplay: (id: string) => post(`/v1/replays/${segment(id)}/abort`, Replay),
    replays: (page: PageQuery = {}) => get("/v1/replays", pageOf(Replay), page),
    replayDeadLetters: (request: ReplayRequest) => post("/v1/dead-letters/replay", Replay, request),
    replay: (id: string) => get(`/v1/replays/${segment(id)}`, Replay),

    collections: (page: PageQuery = {}) => get("/v1/collections", pageOf(Collection), page),
    collection: (id: number) => get(`/v1/collections/${id}`, Collection),
    createCollection: (input: CollectionInput) => post("/v1/collections", Collection, input),
    updateCollection: (id: number, json: CollectionPatch) =>
      ask(to, { method: "PATCH", path: `/v1/collections/${id}`, json }, Collection),
    putCollectionImage: (id: number, image: Body) =>
      ask(to, { method: "PUT", path: `/v1/collections/${id}/image`, body: image }, Collection),
    publishCollection: (id: number) => post(`/v1/collections/${id}/publish`, Collection),
    unpublishCollection: (id: number) => post(`/v1/collections/${id}/unpublish`, Collection),

    contracts: (id: number) => get(`/v1/collections/${id}/contracts`, pageOf(Contract)),
    linkContract: (id: number, input: ContractInput) =>
      post(`/v1/collections/${id}/contracts`, Contract, input),
    refreshCollection: (id: number, request: RefreshRequest = {}) =>
      post(`/v1/collections/${id}/refresh`, Refresh, request),
    refresh: (id: string) => get(`/v1/refreshes/${segment(id)}`, Refresh),

    token: (collection: number, tokenId: string) =>
      get(`/v1/collections/${collection}/tokens/${segment(tokenId)}`, TokenReading),
    /** Private rendering: the answer itself, so that large bytes need not be held. */
    asset: (collection: number, tokenId: string, field: string): Answer<Response> =>
      send(to, {
        method: "GET",
        path: `/v1/collections/${collection}/tokens/${segment(tokenId)}/asset/${segment(field)}`,
        headers: { accept: "*/*" },
      }),
  };
}

/** Every item of a list, page by page; `load` is given the cursor, null for the first page. */
export async function allPages<T>(load: (cursor: string | null) => Answer<Page<T>>): Answer<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Result<Page<T>, CallFailure> = await load(cursor);
    if (!page.ok) return page;
    items.push(...page.value.items);
    cursor = page.value.nextCursor;
  } while (cursor !== null);
  return ok(items);
}

const uploadPath = (id: string): string => `/v1/uploads/${segment(id)}`;
const batchPath = (id: string): string => `/v1/batches/${segment(id)}`;
const mediaPath = (set: string, fileName: string): string =>
  `/v1/media-sets/${segment(set)}/${segment(fileName)}`;

async function readBatch(to: Connection, id: string, etag: string | null): Answer<BatchReading> {
  const call: Call = {
    method: "GET",
    path: batchPath(id),
    headers: etag === null ? {} : { "if-none-match": etag },
  };
  const sent = await send(to, call);
  if (!sent.ok) return sent;
  const retryAfter = Number(sent.value.headers.get("retry-after") ?? Number.NaN);
  const reading = {
    etag: sent.value.headers.get("etag") ?? etag,
    retryAfterSeconds: Number.isFinite(retryAfter) && retryAfter >= 0 ? retryAfter : null,
  };
  if (sent.value.status === 304) return ok({ ...reading, batch: null });
  const batch = await readJson(address(to, call), sent.value, Batch);
  return batch.ok ? ok({ ...reading, batch: batch.value }) : batch;
}
