/**
 * Cloudflare's REST API, as far as a deploy needs it: one call, its answer checked by a schema, every refusal a
 * value. Wrangler makes the calls of `deploy` and `d1 migrations apply`; what is asked here is what it would only
 * print for people. Nothing is repeated by itself: the whole command can be.
 */
import * as z from "zod";
import { fail, ok, type Result } from "../../shared/result.ts";
import { EXIT, type Fault } from "../failure.ts";
import { notAllowed, notLoggedIn, withoutAccount } from "./grants.ts";
import { DEPLOY } from "./numbers.ts";

export type Refusal = {
  readonly method: string;
  readonly path: string;
  /** Null: no answer. */
  readonly status: number | null;
  /** Cloudflare's own number, where there is one. */
  readonly code: number | null;
  readonly message: string;
};

export type Ask = <T>(
  method: string,
  path: string,
  schema: z.ZodType<T>,
  body?: unknown,
) => Promise<Result<T, Refusal>>;

const Envelope = z.looseObject({
  success: z.boolean(),
  errors: z.array(z.looseObject({ code: z.number().optional(), message: z.string() })).default([]),
  result: z.unknown(),
});

export type Api = { readonly base: string; readonly token: string; readonly fetch: typeof fetch };

export const createAsk =
  (api: Api): Ask =>
  async (method, path, schema, body) => {
    const refused = (status: number | null, code: number | null, message: string) =>
      fail({ method, path, status, code, message });
    const sent = await send(api, method, path, body);
    if (!sent.ok) return refused(null, null, sent.error);
    const { status, text } = sent.value;
    const envelope = Envelope.safeParse(parsed(text));
    if (!envelope.success)
      return refused(status, null, `an answer that is not the API's: ${text.slice(0, 80)}`);
    const [error] = envelope.data.errors;
    if (!envelope.data.success)
      return refused(status, error?.code ?? null, error?.message ?? `HTTP ${status}`);
    const result = schema.safeParse(envelope.data.result);
    return result.success
      ? ok(result.data)
      : refused(status, null, `an unexpected result: ${z.prettifyError(result.error)}`);
  };

async function send(
  { base, token, fetch }: Api,
  method: string,
  path: string,
  body: unknown,
): Promise<Result<{ status: number; text: string }, string>> {
  try {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      signal: AbortSignal.timeout(DEPLOY.answerWithinMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return ok({ status: response.status, text: await response.text() });
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    return fail(cause instanceof Error ? cause.message : String(cause));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The API's numbers for a token that is wrong, expired, or no token at all. */
const LOGIN_CODES: readonly (number | null)[] = [1000, 1001, 6003, 6111, 9106, 9109, 10001];
const PERMISSION_CODES: readonly (number | null)[] = [10000, 10023, 10405];

export function faultOf(refusal: Refusal): Fault {
  const { method, path, status, code, message } = refusal;
  if (status === null) return unreachable(message);
  // R2 that was never switched on answers 403 as well.
  if (code !== null && ADVICE[code] !== undefined)
    return refusedFault(`${method} ${withoutAccount(path)}`, code, message);
  if (LOGIN_CODES.includes(code)) return notLoggedIn(`Cloudflare says "${message}" (code ${code})`);
  if (status === 401 || status === 403 || PERMISSION_CODES.includes(code))
    return notAllowed(method, path, code);
  return refusedFault(`${method} ${withoutAccount(path)}`, code, message);
}

export const refusedFault = (what: string, code: number | null, message: string): Fault => ({
  code: "deploy.refused",
  message: `Cloudflare refused ${what}${code === null ? "" : ` (code ${code})`}: ${message}`,
  next: adviceFor(code),
  exit: EXIT.unreachable,
});

const ADVICE: Readonly<Record<number, string>> = {
  10042:
    "Switch R2 on at dash.cloudflare.com → R2 Object Storage (it asks for a card, and has a free tier), then run the same command again.",
  10063:
    "Register a workers.dev subdomain at dash.cloudflare.com → Workers & Pages, then run the same command again.",
  10007:
    "Register a workers.dev subdomain at dash.cloudflare.com → Workers & Pages, then run the same command again.",
  11004:
    "Another Worker consumes this queue: take its consumer off the queue, or deploy with --env NAME, then run the same command again.",
  100328:
    "The account is on Workers Free: run `npm run deploy -- --plan free`, or subscribe to Workers Paid at dash.cloudflare.com → Workers & Pages → Plans.",
};

const adviceFor = (code: number | null): string =>
  (code === null ? undefined : ADVICE[code]) ??
  "Run the same command again: what is done stays done. If it goes on, www.cloudflarestatus.com says whether it is Cloudflare.";

const unreachable = (message: string): Fault => ({
  code: "deploy.unreachable",
  message: `Cloudflare's API could not be reached: ${message}.`,
  next: "Check the network (and CLOUDFLARE_API_BASE_URL, if it is set), then run the same command again: what is done stays done.",
  exit: EXIT.unreachable,
});

/** Where a thing that is not there is an answer. */
export const orNull = (refusal: Refusal): Result<null, Refusal> =>
  refusal.status === 404 ? ok(null) : { ok: false, error: refusal };
