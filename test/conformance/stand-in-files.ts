/** Everything beside the RPC: uploads, private rendering, and what the public sees. */
import { createHash } from "node:crypto";
import { assetsOf, type Service } from "./stand-in-rpc.ts";
import {
  type Answer,
  type Asset,
  assetOnWire,
  type Collection,
  collectionOnWire,
  hidden,
  json,
  refusal,
  tokenOnWire,
} from "./stand-in-wire.ts";

export type Part = { readonly name: string; readonly type: string; readonly bytes: Buffer };

/** The parts of a multipart body, or null where it is none from its first byte to its last (RFC 7578). */
export function readParts(contentType: string, body: Buffer): Part[] | null {
  const boundary = /^multipart\/form-data;.*\bboundary="?([^";]+)"?/i.exec(contentType)?.[1];
  const text = body.toString("latin1");
  if (!boundary || !text.startsWith(`--${boundary}\r\n`) || !text.endsWith(`\r\n--${boundary}--\r\n`)) {
    return null;
  }
  const inner = text.slice(boundary.length + 4, -(boundary.length + 8));
  return inner.split(`\r\n--${boundary}\r\n`).map((part) => {
    const end = part.indexOf("\r\n\r\n");
    const head = part.slice(0, end);
    return {
      name: /^content-disposition: form-data;.*\bname="([^"]*)"/im.exec(head)?.[1] ?? "",
      type: /^content-type: (.*)$/im.exec(head)?.[1] ?? "",
      bytes: Buffer.from(part.slice(end + 4), "latin1"),
    };
  });
}

export type Target = { readonly origin: string; readonly asset: Asset | undefined };

/** Every upload gets an address of its own, which nobody could have built beforehand. */
export function takeUpload(service: Service, { origin, asset }: Target, parts: Part[] | null): Answer {
  if (!asset) return refusal("NotFound", "no such asset");
  const file = parts?.find(({ name }) => name === "file");
  if (!file || parts?.length !== 1) return refusal("InvalidArgument", "expected one part named file");
  const kind = kindOf(file.bytes);
  if (kind === null) return refusal("InvalidArgument", "unknown media type");
  const name = `${asset.field}.${kind}`;
  const digest = createHash("sha256").update(file.bytes).digest("hex");
  const url = `${origin}/cdn/${digest.slice(0, 12)}-${asset.id}/${name}`;
  asset.file = { url, name, type: `image/${kind}`, bytes: file.bytes };
  const extra = { bucket: "cdn", etag: digest, deletedAt: null };
  return json({ ...assetOnWire(asset, service.now()), ...extra });
}

const kindOf = (bytes: Buffer): string | null => {
  const head = bytes.toString("latin1", 0, 4);
  return head.startsWith("\xff\xd8\xff") ? "jpeg" : head === "\x89PNG" ? "png" : null;
};

const bytesOf = ({ file }: Asset): Answer =>
  file ? { status: 200, type: file.type, body: file.bytes } : hidden;

export function renderPrivately(
  service: Service,
  collectionId: number,
  tokenId: string,
  field: string,
): Answer {
  const asset = assetsOf(service, collectionId, tokenId).findLast((one) => one.field === field);
  return asset ? bytesOf(asset) : hidden;
}

/** `path` of a GET without credentials: a collection, a token, or an uploaded file. */
export function readPublicly(service: Service, origin: string, path: string): Answer {
  if (path.startsWith("/cdn/")) {
    const asset = [...service.assets.values()].find(({ file }) => file?.url === origin + path);
    const collection = asset && service.collections.get(asset.collectionId);
    return asset && collection && isPublic(collection, asset.tokenId) ? bytesOf(asset) : hidden;
  }
  const named = /^\/projects\/(\d+)\/collections\/(\d+)(?:\/tokens\/(\d+))?(?:\.json)?$/.exec(path);
  const collection = service.collections.get(Number(named?.[2]));
  const tokenId = named?.[3] ?? null;
  if (Number(named?.[1]) !== service.projectId || !collection || !isPublic(collection, tokenId))
    return hidden;
  const media = Object.fromEntries(
    assetsOf(service, collection.id, tokenId).flatMap(({ field, file }) => (file ? [[field, file.url]] : [])),
  );
  const token = tokenId === null ? undefined : collection.tokens.get(tokenId);
  return token
    ? json(tokenOnWire(token, token.updatedAt, media))
    : json({ ...collectionOnWire(collection).metadata, ...media });
}

const isPublic = ({ isPrivate, tokens }: Collection, tokenId: string | null): boolean =>
  !isPrivate && (tokenId === null || tokens.get(tokenId)?.isPrivate === false);
