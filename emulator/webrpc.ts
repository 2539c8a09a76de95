/**
 * webrpc.ts: the errors of the service, with the codes, words and HTTP statuses that it and the shared
 * middleware in front of it use. NotFound is HTTP 400 in RPC; callers classify by name.
 */
import type { Answer } from "./answer.ts";
import { jsonAnswer } from "./answer.ts";

const quotaWords = "Upgrade your project to increase your limits";

/** name → [code, msg, HTTP status]. Where schema and middleware share a code, both names stand here. */
export const errors = {
  WebrpcEndpoint: [0, "endpoint error", 400],
  WebrpcBadRoute: [-2, "bad route", 404],
  WebrpcBadMethod: [-3, "bad method", 405],
  WebrpcBadRequest: [-4, "bad request", 400],
  WebrpcBadResponse: [-5, "bad response", 500],
  WebrpcServerPanic: [-6, "server panic", 500],
  WebrpcInternalError: [-7, "internal error", 500],
  Unauthorized: [1000, "Unauthorized access", 401],
  PermissionDenied: [1001, "Permission denied", 403],
  SessionExpired: [1002, "Session expired", 403],
  MethodNotFound: [1003, "Method not found", 404],
  RequestConflict: [1004, "Conflict with target resource", 409],
  Fail: [1005, "Request Failed", 400],
  Geoblocked: [1006, "Geoblocked region", 451],
  RateLimited: [1007, "Rate limited", 429],
  TaskFailed: [1007, "Task failed", 400],
  Deprecated: [1008, "RPC method is deprecated", 400],
  SecretKeyCorsDisallowed: [1009, "CORS disallowed. Admin API Secret Key can't be used from a web app.", 403],
  AccessKeyNotFound: [1101, "Access key not found", 401],
  AccessKeyMismatch: [1102, "Access key mismatch", 403],
  UnauthorizedUser: [1105, "Unauthorized user", 403],
  QuotaExceeded: [1200, `Project quota exceeded. ${quotaWords}`, 423],
  QuotaRateLimit: [1201, `Project rate limit exceeded. ${quotaWords}`, 429],
  Timeout: [2000, "Request timed out", 408],
  InvalidArgument: [2001, "Invalid argument", 400],
  RequiredArgument: [2002, "Required argument missing", 400],
  QueryFailed: [2003, "Query failed", 400],
  ValidationFailed: [2004, "Validation failed", 400],
  NotFound: [3000, "Resource not found", 400],
  ProjectNotFound: [3002, "Project not found", 400],
  ChainNotFound: [3003, "Chain not found", 400],
} as const satisfies Record<string, readonly [code: number, msg: string, status: number]>;

export type ErrorName = keyof typeof errors;

export const errorNames = Object.keys(errors).filter(isErrorName);

/** An expected failure, as a value: which error, and the evidence for it. */
export interface Refusal {
  refused: ErrorName;
  cause?: string;
}

export function refuse(refused: ErrorName, cause?: string): Refusal {
  return { refused, cause };
}

export function isRefusal(value: object): value is Refusal {
  return "refused" in value;
}

export function isErrorName(name: string): name is ErrorName {
  return Object.hasOwn(errors, name);
}

/** The error whose status this is, for a fault that names only a status. */
export function errorOfStatus(status: number): ErrorName {
  if (status === 429) return "RateLimited";
  if (status >= 500) return "WebrpcInternalError";
  return errorNames.find((name) => errors[name][2] === status) ?? "WebrpcInternalError";
}

/**
 * The answer to a refused call: `{error, code, msg, cause?, status}` in this order.
 * @param status replaces the error's own, as REST reads answer NotFound with 404.
 */
export function refusalAnswer({ refused, cause }: Refusal, status: number = errors[refused][2]): Answer {
  const [code, msg] = errors[refused];
  const answer = jsonAnswer({ error: refused, code, msg, cause, status }, status);
  return { ...answer, error: refused };
}
