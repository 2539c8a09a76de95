/**
 * The upstream's HTTP: each answer after a fixed time, calls above the limit refused at once with 429. Media is
 * another host's in life, so it is delayed and counted but not limited. `now` is handed in; timers are Node's.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Account, isOfAJob, openLedger } from "./account.ts";
import { createLimit, type Limit } from "./limit.ts";
import { picture } from "./pictures.ts";
import { type Answered, createService, refusal } from "./service.ts";

export type Settings = { readonly latencyMs: number; readonly callsPerSecond: number | null };

export type Upstream = {
  readonly server: Server;
  account(): Account;
  set(settings: Settings): void;
  /** Forgets tokens and counts. */
  reset(): void;
};

const RPC = "/rpc/Collections/";

export function createUpstream(now: () => number, origin: () => string): Upstream {
  let ledger = openLedger();
  let latencyMs = 0;
  let limit: Limit | null = null;
  const service = createService(ledger, origin);

  const finish = (
    arrivedAt: number,
    response: ServerResponse,
    status: number,
    type: string,
    body: Buffer | string,
  ): void => {
    const headers = { "content-type": type, "content-length": Buffer.byteLength(body) };
    response.writeHead(status, status === 429 ? { ...headers, "retry-after": "1" } : headers);
    response.end(body);
    ledger.closed(now() - arrivedAt);
  };
  const later = (arrivedAt: number, answer: () => void): void => {
    const wait = arrivedAt + latencyMs - now();
    if (wait > 0) setTimeout(answer, wait);
    else answer();
  };

  const answerCall = (method: string, path: string, body: Buffer): Answered => {
    const at = now();
    // A batch's own questions come long before its first job's.
    if (isOfAJob(method)) ledger.wrote(at);
    if (limit !== null && limit.take(at) !== null) {
      ledger.refusedOne(method);
      return refusal(429, 1007, "RateLimited");
    }
    ledger.called(method);
    return service.answer(method, path, body, at);
  };

  const serveMedia = (arrivedAt: number, path: string, response: ServerResponse): void => {
    ledger.called("Media");
    const bytes = picture(Number(/(\d+)\.png$/.exec(path)?.[1] ?? 0));
    later(arrivedAt, () => finish(arrivedAt, response, 200, "image/png", bytes));
  };
  const serveCall = (
    arrivedAt: number,
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): void => {
    const method = path.startsWith(RPC) ? path.slice(RPC.length) : "Upload";
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const body = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
      const { status, body: text } = answerCall(method, path, body);
      if (status === 429) finish(arrivedAt, response, status, JSON_TYPE, text);
      else later(arrivedAt, () => finish(arrivedAt, response, status, JSON_TYPE, text));
    });
  };
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const arrivedAt = now();
    const path = request.url ?? "/";
    ledger.opened();
    if (request.method === "GET") serveMedia(arrivedAt, path, response);
    else serveCall(arrivedAt, path, request, response);
  };

  const server = createServer(serve);
  // An idle connection that closes under a call would be a fault of its own, and not one that is measured here.
  server.keepAliveTimeout = 600_000;
  return {
    server,
    account: () => ledger.account,
    set(settings) {
      latencyMs = settings.latencyMs;
      limit = settings.callsPerSecond === null ? null : createLimit(settings.callsPerSecond);
    },
    reset() {
      ledger = openLedger();
      service.reset(ledger);
    },
  };
}

const JSON_TYPE = "application/json";
