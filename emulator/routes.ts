/** routes.ts: each route of app.ts as a call: what it is named in the ledger, whose it is, and what it does. */
import type { Context, Handler } from "hono";
import { send } from "./answer.ts";
import type { Env } from "./app.ts";
import { assetMethods } from "./assets.ts";
import { readBody, textOf } from "./body.ts";
import { type Call, perform } from "./call.ts";
import { collectionMethods } from "./collections.ts";
import { contractMethods } from "./contracts.ts";
import { parseBody } from "./decode.ts";
import { identify, tokenIdFrom } from "./identify.ts";
import { multipartSlackBytes } from "./limits.ts";
import { generated, hostile, mediaFile } from "./media-host.ts";
import { metadataMethods } from "./metadata.ts";
import {
  hidden,
  type Place,
  pathNumber,
  readCollection,
  readFile,
  readPrivately,
  readToken,
} from "./reads.ts";
import { answerRpc, type Method } from "./rpc.ts";
import { tokenMethods } from "./tokens.ts";
import { answerUpload } from "./upload.ts";
import type { World } from "./world.ts";

const services: Record<string, Record<string, Method>> = {
  Collections: { ...collectionMethods, ...contractMethods, ...tokenMethods, ...assetMethods },
  Metadata: metadataMethods,
};

export function rpcRoute(world: World): Handler<Env> {
  return async (c) => {
    const { pathname, origin } = new URL(c.req.url);
    const [, , service = "", name = ""] = pathname.split("/");
    const bytes = (await readBody(c)) ?? new Uint8Array();
    const body = textOf(bytes);
    const parsed = parseBody(body);
    const method = own(services[own(services, service) ? service : ""], name);
    const request = {
      method,
      verb: c.req.method,
      path: pathname,
      origin,
      headers: c.req.raw.headers,
      body,
      parsed,
    };
    return call(world, c, {
      ...identify(parsed.ok ? parsed.value : null),
      surface: service === "Metadata" ? "metadata" : "collections",
      method: name,
      bytes: bytes.byteLength,
      act: () => answerRpc(world, request),
    });
  };
}

export function uploadRoute(world: World): Handler<Env> {
  return async (c) => {
    const place = placeOf(c);
    const target = c.req.param("target") ?? "";
    const body = await readBody(c, world.switches.uploadMaxBytes + multipartSlackBytes);
    const { origin } = new URL(c.req.url);
    return call(world, c, {
      ...place,
      surface: "upload",
      method: "UploadAsset",
      ...(/^\d+$/.test(target) ? { assetId: pathNumber(target) } : { field: target }),
      bytes: body?.byteLength ?? Number(c.req.header("content-length") ?? 0),
      act: () => answerUpload(world, { ...place, target, headers: c.req.raw.headers, body, origin }),
    });
  };
}

export function readRoute(world: World): Handler<Env> {
  return (c) => {
    const place = placeOf(c);
    const file = c.req.param("file");
    const { origin } = new URL(c.req.url);
    const known = place.projectId > 0 && place.collectionId > 0;
    const read = () => {
      if (!known) return hidden();
      if (file !== undefined) return readFile(world, place, file);
      return place.tokenId === null ? readCollection(world, place, origin) : readToken(world, place, origin);
    };
    return call(world, c, {
      ...place,
      surface: "publicRead",
      method: "PublicRead",
      field: file ?? null,
      act: read,
    });
  };
}

export function privateRoute(world: World): Handler<Env> {
  return (c) => {
    const place = placeOf(c);
    const field = c.req.param("field") ?? "";
    const act = () => readPrivately(world, place, field, c.req.raw.headers);
    return call(world, c, { ...place, surface: "privateRead", method: "PrivateRead", field, act });
  };
}

export function mediaRoute(world: World): Handler<Env> {
  return (c) => media(world, c, () => mediaFile(world.mediaDir, c.req.param("path") ?? ""));
}

export function generatedRoute(world: World): Handler<Env> {
  return (c) => media(world, c, () => generated(c.req.param("name") ?? ""));
}

export function hostileRoute(world: World): Handler<Env> {
  return (c) => {
    const [what, number] = [c.req.param("what") ?? "", c.req.param("number") ?? ""];
    return media(world, c, () => hostile(what, number, new URL(c.req.url).searchParams, world.closing));
  };
}

function media(world: World, c: Context<Env>, act: Call["act"]): Promise<Response> {
  return call(world, c, { surface: "media", method: "Media", act });
}

async function call(
  world: World,
  c: Context<Env>,
  given: Omit<Call, "path" | "host" | "keyed">,
): Promise<Response> {
  const { pathname, search, host } = new URL(c.req.url);
  const keyed = c.req.raw.headers.has("authorization");
  return send(await perform(world, { ...given, path: pathname + search, host, keyed }), c.env);
}

/** Ids of a path; `{id}.json` is the same as `{id}`. A token id is taken in its one spelling. */
function placeOf(c: Context<Env>): Place {
  const param = (name: string) => c.req.param(name)?.replace(/\.json$/, "");
  const token = param("token");
  return {
    projectId: pathNumber(param("project")),
    collectionId: pathNumber(param("collection")),
    tokenId: token === undefined ? null : (tokenIdFrom(token) ?? token),
  };
}

function own<T>(record: Record<string, T> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
