/**
 * Who may do what. Only hashes of tokens are known here, and each comparison takes the same time whatever is
 * compared, so neither the configuration nor a stopwatch gives a token away.
 */
import type { MiddlewareHandler } from "hono";
import type { Problem } from "../../shared/api/contract.ts";
import { problem } from "../../shared/api/problems.ts";
import type { ApiToken } from "../../shared/config.ts";
import { fail, ok, type Result } from "../../shared/result.ts";
import { ROLES, type Role } from "../../shared/roles.ts";
import type { App, Caller } from "./context.ts";
import { refuse } from "./problem.ts";

const LOCAL_TOKEN = "local";
const LOCAL_HOSTS: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

/** Leaves the caller for the routes; everything under it needs a token. */
export const authenticated: MiddlewareHandler<App> = async (c, next) => {
  const { apiTokens } = c.var.ctx.config;
  const caller = await identify(c.req.header("authorization"), new URL(c.req.url).hostname, apiTokens);
  if (!caller.ok) return refuse(caller.error, { "www-authenticate": 'Bearer realm="mintline"' });
  c.set("caller", caller.value);
  return next();
};

/** Lets pass whoever's role is at least this one: an admin may do what an operator may. */
export const needs = (role: Role): MiddlewareHandler<App> =>
  async function roleNeeded(c, next) {
    const { caller } = c.var;
    if (ROLES.indexOf(caller.role) >= ROLES.indexOf(role)) return next();
    return refuse(
      problem(
        "auth.forbidden",
        `${c.req.method} ${c.req.path} needs the role ${role}; the token "${caller.name}" has the role ${caller.role}.`,
        `Use a token with the role ${role}: \`npx --no mintline token new NAME ${role}\` makes one.`,
        { neededRole: role, role: caller.role },
      ),
    );
  };

/**
 * @param hostname of the request's URL. It decides only whether the word `local` counts, and forging it opens
 *   nothing: in production Cloudflare routes by host name, so a request for 127.0.0.1 never arrives here;
 *   locally the port is bound to 127.0.0.1, so whoever can send is on this machine already. What it does keep
 *   out is a web page whose own name was made to resolve to 127.0.0.1: a browser then sends that name.
 */
export async function identify(
  authorization: string | undefined,
  hostname: string,
  apiTokens: readonly ApiToken[] | null,
): Promise<Result<Caller, Problem>> {
  const sent = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  if (sent === undefined) return fail(missing(authorization));
  const hash = await sha256(sent);
  if (apiTokens !== null) return known(hash, apiTokens);
  const local = await known(hash, [
    { name: LOCAL_TOKEN, role: "admin", sha256: hex(await sha256(LOCAL_TOKEN)) },
  ]);
  if (!local.ok) return local;
  return LOCAL_HOSTS.includes(hostname) ? local : fail(notLocal(hostname));
}

/** Compares with every entry even after a match: how long it takes must not say which entry it was. */
function known(hash: ArrayBuffer, tokens: readonly ApiToken[]): Result<Caller, Problem> {
  let found: Caller | null = null;
  for (const { name, role, sha256 } of tokens) {
    if (crypto.subtle.timingSafeEqual(hash, bytesOf(sha256))) found = { name, role };
  }
  return found ? ok(found) : fail(unknownToken);
}

const sha256 = (text: string): Promise<ArrayBuffer> =>
  crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));

const hex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

const bytesOf = (hexText: string): Uint8Array =>
  Uint8Array.from({ length: hexText.length / 2 }, (_, at) =>
    Number.parseInt(hexText.slice(2 * at, 2 * at + 2), 16),
  );

/** `Bearer` stands in backticks: what follows the bare word and a space is taken for a token and cut out. */
const missing = (authorization: string | undefined): Problem =>
  problem(
    "auth.missing",
    authorization === undefined
      ? "Expected the header Authorization with `Bearer` and a token, got no such header."
      : "Expected the header Authorization with `Bearer` and a token, got one of another form.",
    "Send the header Authorization with the word `Bearer`, a space and the token; on a local deployment without API_TOKENS the token is the word local.",
  );

const unknownToken = problem(
  "auth.unknown_token",
  "The token that was sent is none of this deployment's.",
  "Check the token, or make one with `npx --no mintline token new NAME ROLE` and add the entry that it prints to API_TOKENS.",
);

const notLocal = (hostname: string): Problem =>
  problem(
    "auth.unknown_token",
    `The token local counts only on 127.0.0.1, and this request was sent to ${hostname}.`,
    "Set API_TOKENS: `npx --no mintline token new NAME ROLE` prints a token once, with its entry.",
  );
