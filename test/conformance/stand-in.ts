/**
 * A second Sequence, written from the documents alone and sharing nothing with the emulator, so that a mistake
 * of the one is not also the other's. It speaks HTTP as a proxy might: header names in lower case, bodies in
 * chunks of no announced length, every 7th answer the last of its connection. It keeps every call.
 */
import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { type Part, readParts, readPublicly, renderPrivately, takeUpload } from "./stand-in-files.ts";
import { answerRpc, assetsOf, type Service } from "./stand-in-rpc.ts";
import { type Answer, hidden, refusal } from "./stand-in-wire.ts";

/** One request as it came, and the status that it was answered with. */
export type Call = {
  /** The RPC's name, or `Upload`, `Private`, `Public`. */
  readonly name: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** Of an upload; null: no multipart body. */
  readonly parts: readonly Part[] | null;
  status: number;
};

export type StandIn = {
  readonly url: string;
  readonly projectId: number;
  /** The secret key, as Builder would show it. */
  readonly key: string;
  readonly calls: readonly Call[];
  /** What could not be read as HTTP at all, such as bytes beyond a Content-Length. */
  readonly unreadable: readonly string[];
  /** As somebody would do it by hand in Builder: no call is kept. @throws where it is refused. */
  byHand(method: string, args: Record<string, unknown>): ByHand;
  close(): Promise<void>;
};

/** Of an RPC's answer as much as tests look at. */
type ByHand = { collection?: { id: number }; token?: Record<string, unknown>; assets?: unknown[] | null };

export async function startStandIn(projectId = 30_957): Promise<StandIn> {
  const now = () => new Date().toISOString().replace("Z", "417Z");
  const service: Service = { projectId, collections: new Map(), assets: new Map(), now };
  const key = secretKey(projectId);
  const calls: Call[] = [];
  const unreadable: string[] = [];
  let origin = "";
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const call = await readCall(request, origin);
    calls.push(call);
    const answer = answerOf(service, { origin, key, method: request.method ?? "" }, call);
    call.status = answer.status;
    send(response, answer, calls.length % 7 === 0);
  };
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      unreadable.push(String(error));
      response.destroy();
    });
  });
  server.on("clientError", (error, socket) => {
    unreadable.push(error.message);
    socket.destroy();
  });
  // Idle connections stay: that one closes under a call is a fault of its own, and not the one looked for here.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  origin = `http://127.0.0.1:${address.port}`;
  return {
    url: origin,
    projectId,
    key,
    calls,
    unreadable,
    byHand(method, args) {
      const { status, body } = answerRpc(service, method, JSON.stringify({ projectId, ...args }));
      if (status !== 200) throw new Error(`${method}: ${body}`);
      return JSON.parse(String(body));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** HS256, with the claims of a Builder key and no expiry. */
function secretKey(project: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { account: "0x0000000000000000000000000000000000000001", iat: 1_730_000_000, project };
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", "the stand-in's own").update(signed).digest("base64url")}`;
}

async function readCall(request: IncomingMessage, origin: string): Promise<Call> {
  const path = new URL(request.url ?? "/", origin).pathname;
  const body = await buffer(request);
  const isUpload = request.method === "PUT";
  return {
    name: isUpload ? "Upload" : (/^\/rpc\/Collections\/(\w+)$/.exec(path)?.[1] ?? readName(path)),
    path,
    headers: request.headers,
    body,
    parts: isUpload ? readParts(request.headers["content-type"] ?? "", body) : null,
    status: 0,
  };
}

const readName = (path: string): string => (/\/asset\/\w+$/.test(path) ? "Private" : "Public");

type Asked = { readonly origin: string; readonly key: string; readonly method: string };

const UPLOAD =
  /^\/projects\/(\d+)\/collections\/(\d+)\/(?:tokens\/(\d+)\/upload\/(\w+)|assets\/(\d+)\/upload)$/;
const PRIVATE = /^\/projects\/(\d+)\/collections\/(\d+)\/tokens\/(\d+)\/asset\/(\w+)$/;

function answerOf(service: Service, asked: Asked, call: Call): Answer {
  const { path, headers, body } = call;
  if (call.name === "Public" && asked.method === "GET") return readPublicly(service, asked.origin, path);
  const refused = refusedKey(asked.key, headers);
  if (refused) return refused;
  if (call.name === "Private") {
    const [, project, collection, tokenId = "", field = ""] = PRIVATE.exec(path) ?? [];
    return Number(project) === service.projectId
      ? renderPrivately(service, Number(collection), tokenId, field)
      : hidden;
  }
  if (call.name === "Upload") {
    const target = { origin: asked.origin, asset: uploadTarget(service, path) };
    return takeUpload(service, target, call.parts ? [...call.parts] : null);
  }
  if (asked.method !== "POST") return refusal("WebrpcBadMethod", `unsupported method ${asked.method}`);
  if (!/^application\/json\b/.test(headers["content-type"] ?? "")) {
    return refusal("WebrpcBadRequest", "only application/json is allowed");
  }
  return answerRpc(service, call.name, body.toString());
}

function refusedKey(key: string, headers: IncomingMessage["headers"]): Answer | null {
  if (headers.origin) return refusal("SecretKeyCorsDisallowed", "origin");
  if (headers["x-access-key"]) return refusal("AccessKeyMismatch", "two keys");
  const given = /^bearer (.+)$/i.exec(headers.authorization ?? "")?.[1];
  return given === key ? null : refusal("Unauthorized", "token is unauthorized");
}

/** By id, or by field; the path must name the asset's own project, collection and token. */
function uploadTarget(service: Service, path: string) {
  const [, project, collection, tokenId, idOrField = "", assetId = ""] = UPLOAD.exec(path) ?? [];
  if (Number(project) !== service.projectId) return undefined;
  const candidates = assetsOf(service, Number(collection), tokenId ?? null);
  return candidates.findLast(({ id, field }) => String(id) === (assetId || idOrField) || field === idOrField);
}

function send(response: ServerResponse, { status, type, body }: Answer, last: boolean): void {
  response.sendDate = false;
  response.writeHead(status, {
    date: new Date().toUTCString(),
    "content-type": type,
    "transfer-encoding": "chunked",
    connection: last ? "close" : "keep-alive",
  });
  const bytes = Buffer.from(body);
  response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
  response.end(bytes.subarray(Math.ceil(bytes.length / 2)));
}
