/** Media sets: files put under a name, for rows that name a file. */
import type { Context } from "hono";
import * as z from "zod";
import { type MediaFile, type Naming, NamingRequest, type Problem } from "../../../shared/api/contract.ts";
import { PROBLEMS, problem, problemAs } from "../../../shared/api/problems.ts";
import { PLATFORM } from "../../../shared/limits.ts";
import { tooLarge } from "../../../shared/media/judge.ts";
import type { MediaRefusal } from "../../../shared/media/kinds.ts";
import { putMedia, type StoredMedia } from "../../../shared/media/store.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import {
  deleteMediaFile,
  hasMediaSet,
  listMediaFiles,
  type MediaFileKey,
  type MediaFileRow,
  nameKnownMedia,
  putMediaFile,
} from "../../../shared/store/media-files.ts";
import { readJson, readUpTo, singleBodyTooLarge, statedTooLarge } from "../body.ts";
import type { App, ProducerContext } from "../context.ts";
import { PAGE_QUERY, pageOf, readCursor } from "../paging.ts";
import { refuse } from "../problem.ts";
import { NoQuery, readQuery, textUpTo } from "../query.ts";
import { declaredBytes } from "../receive.ts";
import { bodyBesideUpload, noUpload } from "../uploads/problems.ts";
import { uploadToMedia } from "../uploads/to-media.ts";
import { findCompleted } from "./uploads.ts";

type C = Context<App>;

const PutQuery = z.object({ uploadId: textUpTo(100).optional() });

/** The bytes are the body, or an upload that `uploadId` names. */
export async function putMediaSetFile(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, PutQuery);
  if (!query.ok) return refuse(query.error);
  const key = readKey(c);
  if (!key.ok) return refuse(key.error);
  const { uploadId } = query.value;
  const stored = await (uploadId === undefined
    ? storeBody(ctx, c.req.raw, key.value.fileName)
    : storeUpload(ctx, c.req.raw, uploadId, key.value.fileName));
  if (!stored.ok) return refuse(stored.error);
  await putMediaFile(ctx.db, key.value, { ...stored.value, now: ctx.now() });
  const file: MediaFile = { fileName: key.value.fileName, ...stored.value };
  return c.json(file);
}

/** Names for bytes that are here under other names; what is not here is said, and must be sent. */
export async function nameMediaSetFiles(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const asked = await readJson(c.req.raw, NamingRequest);
  if (!asked.ok) return refuse(asked.error);
  const { files } = asked.value;
  const set = c.req.param("set") ?? "";
  const wrong = [wrongSetName(set), ...files.map(({ fileName }) => wrongFileName(fileName))].find(Boolean);
  if (wrong) return refuse(badName(wrong));
  const filesJson = JSON.stringify(files);
  const { target } = ctx.config;
  const rows = await nameKnownMedia(ctx.db, { target, set, filesJson, now: ctx.now() });
  const named = new Set(rows.map(({ file_name }) => file_name));
  const naming: Naming = {
    named: rows.map(mediaFileView),
    missing: files.flatMap(({ fileName }) => (named.has(fileName) ? [] : [fileName])),
  };
  return c.json(naming);
}

export async function deleteMediaSetFile(c: C): Promise<Response> {
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const key = readKey(c);
  if (!key.ok) return refuse(key.error);
  const deleted = await deleteMediaFile(c.var.ctx.db, key.value);
  return deleted ? c.body(null, 204) : refuse(noFile(key.value));
}

export async function getMediaSet(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, z.object(PAGE_QUERY));
  if (!query.ok) return refuse(query.error);
  const after = readCursor(query.value.cursor, z.string(), "");
  if (!after.ok) return refuse(after.error);
  const set = c.req.param("set") ?? "";
  const { target } = ctx.config;
  const { limit } = query.value;
  const rows = await listMediaFiles(ctx.db, { target, set, after: after.value, limit: limit + 1 });
  if (rows.length === 0 && !(await hasMediaSet(ctx.db, target, set))) return refuse(noSet(set));
  return c.json(pageOf(rows, limit, mediaFileView, (row) => row.file_name));
}

/** Stores the request's body as media, by its hash. */
export async function storeBody(
  ctx: ProducerContext,
  request: Request,
  where: string,
): Promise<Result<StoredMedia, Problem>> {
  const stated = statedTooLarge(request);
  if (stated) return fail(stated);
  const stored = await putMedia(ctx.bucket, request.body, {
    declaredBytes: declaredBytes(request),
    maxBytes: PLATFORM.requestBytes,
    where,
  });
  if (stored.ok) return stored;
  const over = stored.error.message === tooLarge(where, PLATFORM.requestBytes, null).message;
  return fail(over ? singleBodyTooLarge : refusalProblem(stored.error));
}

async function storeUpload(
  ctx: ProducerContext,
  request: Request,
  uploadId: string,
  where: string,
): Promise<Result<StoredMedia, Problem>> {
  if ((await readUpTo(request.body, 0)) === null) return fail(bodyBesideUpload);
  const upload = await findCompleted(ctx, uploadId);
  if (!upload.ok) return upload;
  const stored = await uploadToMedia(ctx, upload.value, where);
  if (stored === null) return fail(noUpload(uploadId));
  return stored.ok ? stored : fail(refusalProblem(stored.error));
}

export const refusalProblem = ({ code, message, next }: MediaRefusal): Problem =>
  code === "media.too_large"
    ? problem("body.too_large", message, next)
    : problemAs(PROBLEMS["media.unusable"], code, message, next);

const mediaFileView = (row: MediaFileRow): MediaFile => ({
  fileName: row.file_name,
  sha256: row.sha256,
  bytes: row.bytes,
  contentType: row.content_type,
});

const SET_NAME_BYTES = 100;
const NAME_BYTES = 500;

/** The router has decoded the name: an encoded `/` is a folder's like any other. */
function readKey(c: C): Result<MediaFileKey, Problem> {
  const set = c.req.param("set") ?? "";
  const fileName = c.req.param("fileName") ?? "";
  const wrong = wrongSetName(set) ?? wrongFileName(fileName);
  if (wrong !== null) return fail(badName(wrong));
  return ok({ target: c.var.ctx.config.target, set, fileName });
}

const wrongSetName = (name: string): string | null => wrongName(name, SET_NAME_BYTES);
const wrongFileName = (name: string): string | null => wrongName(name, NAME_BYTES);

/** Why this is no relative path that a sheet could name, or null. */
function wrongName(name: string, maxBytes: number): string | null {
  if (new TextEncoder().encode(name).byteLength > maxBytes) return `a name of more than ${maxBytes} bytes`;
  if ([...name].some(isUnfit)) return "a name with a backslash or a control character";
  const odd = name.split("/").find((part) => part === "" || part === "." || part === "..");
  return odd === undefined ? null : `${JSON.stringify(name)}, with the part ${JSON.stringify(odd)}`;
}

const isUnfit = (character: string): boolean =>
  character < " " || character === "\\" || character === "\u007f";

const badName = (got: string): Problem =>
  problem(
    "media.bad_name",
    `Expected a set and a relative path such as relics/sword.png, got ${got}.`,
    "Name the file by its path below the folder of art, with forward slashes.",
  );

const noSet = (set: string): Problem =>
  problem(
    "media_set.not_found",
    `There is no media set ${JSON.stringify(set)} with a file in it.`,
    "Check the name; PUT /v1/media-sets/{set}/{fileName} makes a set with its first file.",
  );

const noFile = ({ set, fileName }: MediaFileKey): Problem =>
  problem(
    "media.not_found",
    `There is no file ${JSON.stringify(fileName)} in the media set ${JSON.stringify(set)}.`,
    "GET /v1/media-sets/{set} lists the names as they were put.",
  );
