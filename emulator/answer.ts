/**
 * answer.ts: what a call is answered with, as a plain value, and the one place where such a value becomes
 * bytes: written to Node's response, or made a `Response` for a caller in this process.
 */
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array<ArrayBuffer>;
  /** Name of the webrpc error, for the ledger. */
  error?: string;
  /** What the ledger learns only from the answer. */
  noted?: {
    projectId?: number;
    collectionId?: number;
    assetId?: number;
    field?: string;
    isPrivate?: boolean;
    sha256?: string;
  };
}

/** An answer and what becomes of it on its way: whole, cut after so many bytes, or never sent. */
export type Delivery =
  | { kind: "whole"; answer: Answer }
  | { kind: "cut"; answer: Answer; atByte: number }
  | { kind: "dropped" };

export function jsonAnswer(body: unknown, status = 200): Answer {
  return { status, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

export function textAnswer(body: string, status: number, contentType = "text/plain; charset=utf-8"): Answer {
  return { status, headers: { "Content-Type": contentType, "X-Content-Type-Options": "nosniff" }, body };
}

export function bytesAnswer(body: Uint8Array<ArrayBuffer>, contentType: string): Answer {
  return { status: 200, headers: { "Content-Type": contentType, ...mediaHeaders }, body };
}

// An uploaded SVG is a document: opened from our own address it must not run scripts as us.
const mediaHeaders = {
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
};

/** Sends a delivery: `node` is there when the call came over a socket. */
export function send(delivery: Delivery, node: Partial<HttpBindings> | undefined): Response {
  const { incoming, outgoing } = node ?? {};
  if (incoming === undefined || outgoing === undefined) return respond(delivery);
  if (delivery.kind === "dropped") {
    incoming.socket.destroy();
    return RESPONSE_ALREADY_SENT;
  }
  const { answer } = delivery;
  outgoing.writeHead(answer.status, { ...answer.headers, "Content-Length": Buffer.byteLength(answer.body) });
  if (delivery.kind === "whole") outgoing.end(answer.body);
  else outgoing.write(Buffer.from(answer.body).subarray(0, delivery.atByte), () => incoming.socket.destroy());
  return RESPONSE_ALREADY_SENT;
}

/**
 * In this process there is no socket to destroy, so a dropped answer is what undici makes of one: the fetch
 * rejects with TypeError "fetch failed"; a cut body gives the status, then fails with TypeError "terminated".
 */
function respond(delivery: Delivery): Response {
  if (delivery.kind === "dropped") throw new Dropped();
  const { status, headers, body } = delivery.answer;
  if (delivery.kind === "whole") return new Response(bodiless(status) ? null : body, { status, headers });
  const part = Buffer.from(body).subarray(0, delivery.atByte);
  return new Response(brokenOff(part), { status, headers });
}

export class Dropped extends TypeError {
  constructor() {
    super("fetch failed", { cause: new Error("other side closed") });
  }
}

function bodiless(status: number): boolean {
  return status === 204 || status === 304;
}

function brokenOff(part: Uint8Array): ReadableStream<Uint8Array> {
  let sent = part.byteLength === 0;
  return new ReadableStream({
    pull(controller) {
      if (sent) return controller.error(new TypeError("terminated"));
      controller.enqueue(part);
      sent = true;
    },
  });
}
