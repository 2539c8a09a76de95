/**
 * One call to Mintline's own HTTP API: send, read, parse, or say in one value why not. Never throws for what
 * the network or the server does. Knows no route; runs in Node, in a Worker and in a browser.
 */
import type { z } from "zod";
import { SECOND } from "../limits.ts";
import { fail, ok, type Result } from "../result.ts";
import { Problem } from "./contract.ts";

/** The server answered, and the answer is no. */
export type Refused = { readonly reason: "refused"; readonly status: number; readonly problem: Problem };
/** No answer: wrong address, nothing listening, network down, too late. */
export type Unreachable = { readonly reason: "unreachable"; readonly url: string; readonly message: string };
/** An answer that this API would not give: another program listens there, or a proxy stands between. */
export type Unreadable = {
  readonly reason: "unreadable";
  readonly url: string;
  readonly status: number;
  readonly message: string;
};
export type CallFailure = Refused | Unreachable | Unreadable;

export type Connection = {
  /** Origin of the deployment, with or without a trailing slash: `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly token: string;
  /** @default the runtime's own `fetch`; a test or a service binding hands in another. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
};

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

export type Call = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is; a Blob lets Node stream a file from disk with its length known. */
  readonly body?: string | Uint8Array<ArrayBuffer> | Blob;
  /** The answer is as large as a file, or as slow as the reading of one. */
  readonly aboutFile?: boolean;
};

/**
 * Longest wait for an answer to a call that carries no file. A call about a file has none of its own: how long a
 * good one takes depends on the line and the file, and the runtime gives up on one that stands still.
 */
const ANSWER_WITHIN_MS = 60 * SECOND;

/** Sends one call. `ok` holds any 2xx, and 304, which only a caller that sent `If-None-Match` can get. */
export async function send(to: Connection, call: Call): Promise<Result<Response, CallFailure>> {
  const url = address(to, call);
  const request = to.fetch ?? ((input: string, init: RequestInit) => fetch(input, init));
  let response: Response;
  try {
    response = await request(url, initOf(to, call));
  } catch (thrown) {
    return fail({ reason: "unreachable", url, message: causeOf(thrown) });
  }
  return response.ok || response.status === 304 ? ok(response) : refused(url, response);
}

/** Sends one call and reads its JSON with the schema. */
export async function ask<T extends z.ZodType>(
  to: Connection,
  call: Call,
  schema: T,
): Promise<Result<z.output<T>, CallFailure>> {
  const sent = await send(to, call);
  return sent.ok ? readJson(address(to, call), sent.value, schema) : sent;
}

/** The body of an answer, or `unreadable` where it is not what the schema says. */
export async function readJson<T extends z.ZodType>(
  url: string,
  response: Response,
  schema: T,
): Promise<Result<z.output<T>, CallFailure>> {
  const body = await bodyOf(response);
  const parsed = schema.safeParse(body);
  if (parsed.success) return ok(parsed.data);
  const first = parsed.error.issues[0];
  const where = first?.path.length ? ` at ${first.path.join(".")}` : "";
  return fail({
    reason: "unreadable",
    url,
    status: response.status,
    message: `The answer is not what Mintline sends${where}: ${first?.message ?? "no JSON"}.`,
  });
}

export function address(to: Connection, call: Pick<Call, "path" | "query">): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== null && value !== undefined) query.set(name, String(value));
  }
  const search = query.size > 0 ? `?${query}` : "";
  return `${to.url.replace(/\/+$/, "")}${call.path}${search}`;
}

function initOf(to: Connection, call: Call): RequestInit {
  const headers: Record<string, string> = {
    accept: "application/json",
    authorization: `Bearer ${to.token}`,
    ...(call.json === undefined ? {} : { "content-type": "application/json" }),
    ...call.headers,
  };
  const body = call.json === undefined ? call.body : JSON.stringify(call.json);
  // A redirect would turn a POST into a GET and carry the token along; better to say so.
  const init: RequestInit = { method: call.method, headers, redirect: "manual" };
  if (call.body === undefined && !call.aboutFile) init.signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  if (body !== undefined) init.body = body;
  return init;
}

async function refused(url: string, response: Response): Promise<Result<never, CallFailure>> {
  const problem = Problem.safeParse(await bodyOf(response));
  if (problem.success) {
    return fail({ reason: "refused", status: response.status, problem: problem.data });
  }
  const location = response.headers.get("location");
  const message = location
    ? `The address redirects (HTTP ${response.status}) to ${location}.`
    : `HTTP ${response.status} without the problem document that Mintline sends.`;
  return fail({ reason: "unreadable", url, status: response.status, message });
}

async function bodyOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

/** Node hides why a connection failed in `cause`: "fetch failed" alone helps nobody. */
function causeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown.name === "TimeoutError") return `no answer within ${ANSWER_WITHIN_MS / SECOND} s`;
  const cause = thrown.cause;
  if (cause instanceof Error && cause.message) return cause.message;
  if (cause instanceof Error && "code" in cause) return String(cause.code);
  return thrown.message;
}
