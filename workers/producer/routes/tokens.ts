/** Tokens through the secret key: what Sequence holds of one, and its media also while it is private. */
import type { Context } from "hono";
import type { Problem } from "../../../shared/api/contract.ts";
import { suggest } from "../../../shared/api/nearest.ts";
import { problem } from "../../../shared/api/problems.ts";
import { MEDIA_FIELDS } from "../../../shared/job/job.ts";
import { parseTokenId } from "../../../shared/job/token-id.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import type { App } from "../context.ts";
import { failureProblem, refuse } from "../problem.ts";
import { NoQuery, readQuery } from "../query.ts";
import { readCollectionId } from "./collections.ts";

type C = Context<App>;
type TokenKey = { readonly collectionId: number; readonly tokenId: string };

export async function getToken(c: C): Promise<Response> {
  const key = readTokenKey(c);
  if (!key.ok) return refuse(key.error);
  const found = await c.var.ctx.sequence.getToken(key.value);
  return found.ok ? c.json(found.value) : refuse(failureProblem(found.error, "token.not_found"));
}

export async function getAsset(c: C): Promise<Response> {
  const key = readTokenKey(c);
  if (!key.ok) return refuse(key.error);
  const asked = c.req.param("field") ?? "";
  const field = MEDIA_FIELDS.find((known) => known === asked);
  if (field === undefined) return refuse(unknownField(asked));
  const rendered = await c.var.ctx.sequence.renderPrivate({ ...key.value, field });
  if (!rendered.ok) return refuse(failureProblem(rendered.error, "asset.not_found"));
  const headers = new Headers(rendered.value.headers);
  // Somebody else's bytes under our own name: an SVG or HTML among them must not run as ours.
  headers.set("content-security-policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'");
  // And nobody between us and the caller may keep what is still private.
  headers.set("cache-control", "private, no-store");
  return new Response(rendered.value.body, { headers });
}

/** Decimal or `0x` hex, as in a file; decimal without leading zeros on the wire. */
function readTokenKey(c: C): Result<TokenKey, Problem> {
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return query;
  const collectionId = readCollectionId(c);
  if (!collectionId.ok) return collectionId;
  const given = c.req.param("tokenId") ?? "";
  const tokenId = parseTokenId(given);
  if (!tokenId.ok) return fail(notTokenId(given));
  return ok({ collectionId: collectionId.value, tokenId: tokenId.value });
}

const notTokenId = (given: string): Problem =>
  problem(
    "token.not_found",
    `Expected a token id, decimal or 0x hex, got ${JSON.stringify(given)}.`,
    "Take the `tokenId` of a job, as GET /v1/batches/{id}/jobs shows it.",
  );

const unknownField = (given: string): Problem =>
  problem(
    "asset.not_found",
    `Expected one of ${MEDIA_FIELDS.join(", ")}, got ${JSON.stringify(given)}. ${suggest(given, MEDIA_FIELDS)}`,
    "Ask for a field that holds media; most tokens have `image`.",
  );
