/**
 * rpc.ts: webrpc. What a method is, and the way of a call to one: route, key, verb, content type, body,
 * project, method; the first that fails answers.
 */
import { type Answer, jsonAnswer } from "./answer.ts";
import { type Caller, publicCaller, secretCaller } from "./auth.ts";
import { type Decoder, decodeBody, type parseBody } from "./decode.ts";
import { isRefusal, type Refusal, refusalAnswer, refuse } from "./webrpc.ts";
import type { World } from "./world.ts";

/** What a method may touch: the world, the project of its caller, and the origin that it was called at. */
export interface Scope {
  world: World;
  projectId: number;
  origin: string;
}

export type Access = "read" | "write" | "public" | "open";

export interface Method {
  access: Access;
  run(scope: Scope, body: unknown): object | Refusal;
}

/** A method of Collections: its body may name the project, which must then be the key's. */
export function secretMethod<T extends { projectId: number | null }>(
  access: "read" | "write",
  request: string,
  args: Decoder<T>,
  act: (scope: Scope, args: T) => object | Refusal,
): Method {
  return define(access, request, args, (scope, given) => {
    const foreign = given.projectId !== null && given.projectId !== scope.projectId;
    return foreign ? refuse("PermissionDenied", "project of the key differs") : act(scope, given);
  });
}

export function define<T>(
  access: Access,
  request: string,
  args: Decoder<T>,
  act: (scope: Scope, args: T) => object | Refusal,
): Method {
  return {
    access,
    run(scope, body) {
      const decoded = decodeBody(request, body, args);
      return decoded.ok ? act(scope, decoded.value) : refuse("WebrpcBadRequest", decoded.cause);
    },
  };
}

export interface RpcRequest {
  method: Method | undefined;
  verb: string;
  path: string;
  origin: string;
  headers: Headers;
  body: string;
  /** The body as read so far, so that it is parsed once. */
  parsed: ReturnType<typeof parseBody>;
}

export async function answerRpc(world: World, request: RpcRequest): Promise<Answer> {
  const caller = await callerOf(world, request);
  const outcome = isRefusal(caller) ? caller : outcomeOf(world, request, caller.projectId);
  const answer = isRefusal(outcome) ? refusalAnswer(outcome) : jsonAnswer(outcome);
  const headers: Record<string, string> = { ...answer.headers, Webrpc: webrpcHeader };
  if (answer.error === "WebrpcBadMethod") Object.assign(headers, { Allow: "POST" });
  const project = isRefusal(caller) || caller.projectId === 0 ? {} : { projectId: caller.projectId };
  return { ...answer, headers, noted: { ...project, ...made(outcome) } };
}

/** The flag of the token that a method wrote. A symbol, because no answer of the service tells it. */
export const isPrivate = Symbol("isPrivate");

/** What a call made, for the ledger: it is not in its request. */
function made(outcome: object): Answer["noted"] {
  if (isPrivate in outcome) return { isPrivate: outcome[isPrivate] === true };
  if ("asset" in outcome) return { assetId: idOf(outcome.asset) };
  return "collection" in outcome ? { collectionId: idOf(outcome.collection) } : {};
}

function idOf(value: unknown): number | undefined {
  const named = typeof value === "object" && value !== null && "id" in value;
  return named && typeof value.id === "number" ? value.id : undefined;
}

const webrpcHeader = "webrpc@v0.25.3;gen-golang@v0.19.0;sequence-metadata@v0.4.0";

function outcomeOf(world: World, request: RpcRequest, projectId: number): object | Refusal {
  const problem = unreadable(world, request);
  if (problem !== null) return problem;
  if (!request.parsed.ok) return refuse("WebrpcBadRequest", request.parsed.cause);
  // A caller without a method was turned away before.
  return (
    request.method?.run({ world, projectId, origin: request.origin }, request.parsed.value) ??
    badRoute(request)
  );
}

function callerOf(world: World, request: RpcRequest): Caller | Refusal | Promise<Caller | Refusal> {
  const { method, headers } = request;
  if (method === undefined) return badRoute(request);
  if (method.access === "open") return { projectId: 0 };
  if (method.access === "public") return publicCaller(world.verifyKey, headers, world.now());
  return secretCaller(world.verifyKey, headers, method.access, world.now());
}

function badRoute({ path }: RpcRequest): Refusal {
  return refuse("WebrpcBadRoute", `no webrpc method defined for path ${path}`);
}

function unreadable(world: World, { verb, headers, body }: RpcRequest): Refusal | null {
  if (verb !== "POST") {
    return refuse("WebrpcBadMethod", `unsupported HTTP method ${verb} (only POST is allowed)`);
  }
  const contentType = (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (contentType !== "application/json") {
    const cause = `unsupported Content-Type "${contentType}" (only application/json is allowed)`;
    return refuse("WebrpcBadRequest", cause);
  }
  const { bodyLimit } = world.switches;
  const tooLarge = bodyLimit !== null && Buffer.byteLength(body) > bodyLimit;
  return tooLarge
    ? refuse("WebrpcBadRequest", "failed to read request data: http: request body too large")
    : null;
}
