/**
 * upload.ts: the bytes of an asset. The asset row must be there; a second upload replaces the first. The
 * answer is a bare Asset with status 200; errors of the handler have the body that a switch names.
 */
import { createHash } from "node:crypto";
import { type Answer, jsonAnswer, textAnswer } from "./answer.ts";
import { secretCaller } from "./auth.ts";
import { partsOf } from "./multipart.ts";
import {
  type AssetRow,
  assetMissing,
  assetsOf,
  collectionMissing,
  findAsset,
  findCollection,
} from "./rows.ts";
import { assetJson } from "./shapes.ts";
import { type Measured, measure } from "./sniff.ts";
import type { Switches } from "./switches.ts";
import { errors, isRefusal, type Refusal, refusalAnswer, refuse } from "./webrpc.ts";
import { canonicalTokenId } from "./wire.ts";
import { stampNow, type World } from "./world.ts";

export interface UploadRequest {
  projectId: number;
  collectionId: number;
  /** null in the form of the path that names only the asset. */
  tokenId: string | null;
  /** Asset id, or the metadata field whose newest asset is meant. */
  target: string;
  headers: Headers;
  /** null where the body was larger than any file may be; it has been read and thrown away. */
  body: Uint8Array<ArrayBuffer> | null;
  origin: string;
}

export async function answerUpload(world: World, request: UploadRequest): Promise<Answer> {
  const caller = await secretCaller(world.verifyKey, request.headers, "write", world.now());
  if (isRefusal(caller)) return refusalAnswer(caller);
  if (caller.projectId !== request.projectId) return refusalAnswer(refuse("PermissionDenied"));
  const file = fileOf(request);
  if (
    file === "too large" ||
    (file instanceof Uint8Array && file.byteLength > world.switches.uploadMaxBytes)
  ) {
    return tooLarge(world.switches);
  }
  if (!(file instanceof Uint8Array)) return handlerError(world.switches, file);
  const asset = targetOf(world, request);
  if (isRefusal(asset)) return handlerError(world.switches, asset);
  const measured = measure(file);
  if (measured === null) {
    return handlerError(world.switches, refuse("InvalidArgument", "unsupported or unreadable file type"));
  }
  const answer = jsonAnswer(assetJson(keep(world, asset, file, measured), request.projectId, request.origin));
  const sha256 = createHash("sha256").update(file).digest("hex");
  return { ...answer, noted: { assetId: asset.id, field: asset.metadata_field, sha256 } };
}

function targetOf({ store, switches }: World, request: UploadRequest): AssetRow | Refusal {
  const { projectId, collectionId, tokenId, target } = request;
  if (findCollection(store, projectId, collectionId) === undefined) return collectionMissing();
  const canonical = tokenId === null ? null : canonicalTokenId(tokenId);
  if (canonical !== null && typeof canonical !== "string") return canonical;
  if (!/^\d+$/.test(target)) {
    const named = assetsOf(store, collectionId, canonical).filter((row) => row.metadata_field === target);
    return named.at(-1) ?? assetMissing();
  }
  const asset = findAsset(store, projectId, Number(target));
  if (asset === undefined || asset.collection_id !== collectionId) return assetMissing();
  const elsewhere = tokenId !== null && asset.token_id !== canonical && !switches.lenientUpload;
  return elsewhere ? assetMissing() : asset;
}

/** The bytes of the one part named `file`. */
function fileOf({ headers, body }: UploadRequest): Uint8Array | Refusal | "too large" {
  if (body === null) return "too large";
  const contentType = headers.get("content-type") ?? "";
  if (!contentType.toLowerCase().startsWith("multipart/form-data")) {
    return refuse("InvalidArgument", "request Content-Type isn't multipart/form-data");
  }
  const parts = partsOf(body, contentType);
  if (parts === null) return refuse("InvalidArgument", "multipart: cannot read the body");
  const files = parts.filter(({ name, filename }) => name === "file" && filename !== null);
  const file = files[0];
  if (file === undefined || files.length > 1) {
    return refuse("InvalidArgument", "http: exactly one part named file is needed");
  }
  return file.bytes;
}

function keep(world: World, asset: AssetRow, file: Uint8Array, measured: Measured): AssetRow {
  const { store } = world;
  const row: AssetRow = {
    ...asset,
    filename: `${asset.metadata_field}.${measured.extension}`,
    filesize: file.byteLength,
    mime_type: measured.mimeType,
    extension: measured.extension,
    width: measured.width,
    height: measured.height,
    updated_at: stampNow(world, 9),
  };
  store.transaction(() => {
    store.run("INSERT OR REPLACE INTO asset_bytes (asset_id, bytes) VALUES (?, ?)", row.id, file);
    store.run(
      `UPDATE assets SET filename = ?, filesize = ?, mime_type = ?, extension = ?, width = ?, height = ?,
         updated_at = ? WHERE id = ?`,
      ...[
        row.filename,
        row.filesize,
        row.mime_type,
        row.extension,
        row.width,
        row.height,
        row.updated_at,
        row.id,
      ],
    );
  });
  return row;
}

function handlerError({ uploadErrorBody }: Switches, refusal: Refusal): Answer {
  const error = refusal.refused;
  if (uploadErrorBody === "json") return refusalAnswer(refusal);
  if (uploadErrorBody === "html") return { ...proxyPage(502), error };
  return { ...textAnswer(`${refusal.cause ?? errors[error][1]}\n`, errors[error][2]), error };
}

/** Size is cut off before the handler, so this is never JSON. */
function tooLarge({ uploadErrorBody }: Switches): Answer {
  if (uploadErrorBody === "html") return proxyPage(413);
  return textAnswer("Request Entity Too Large\n", 413);
}

/** What a proxy in front of the service says in its own words. */
export function proxyPage(status: number): Answer {
  const reasons: Record<number, string> = {
    403: "Forbidden",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
  };
  const title = `${status} ${reasons[status] ?? "Error"}`;
  const page = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
  return textAnswer(page, status, "text/html");
}
