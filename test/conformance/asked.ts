/** What a test asks of the calls that the stand-in kept. */
import * as z from "zod";
import type { Call } from "./stand-in.ts";

const Body = z.object({
  collectionId: z.number().optional(),
  tokenId: z.string().optional(),
  token: z.object({ tokenId: z.string() }).optional(),
  asset: z.looseObject({ collectionId: z.number(), tokenId: z.string().optional() }).optional(),
});

export const bodyOf = (call: Call): z.infer<typeof Body> => Body.parse(JSON.parse(call.body.toString()));

/** The natural key that a call names; null where it names none. */
function keyOf(call: Call): { collectionId: number; tokenId: string | null } | null {
  const named = /\/collections\/(\d+)(?:\/tokens\/(\d+))?/.exec(call.path);
  if (named) return { collectionId: Number(named[1]), tokenId: named[2] ?? null };
  if (call.body.length === 0) return null;
  const { collectionId, tokenId, token, asset } = bodyOf(call);
  const collection = collectionId ?? asset?.collectionId;
  return collection === undefined
    ? null
    : { collectionId: collection, tokenId: tokenId ?? token?.tokenId ?? asset?.tokenId ?? null };
}

/** The names of the calls of each token of a collection, in the order in which they came. */
export function callsByToken(calls: readonly Call[], collectionId: number): Map<string, string[]> {
  const byToken = new Map<string, string[]>();
  for (const call of calls) {
    const key = call.name === "Public" ? null : keyOf(call);
    if (key?.collectionId !== collectionId || key.tokenId === null) continue;
    byToken.set(key.tokenId, [...(byToken.get(key.tokenId) ?? []), call.name]);
  }
  return byToken;
}

/** The names of the calls about a collection that name no token. */
export const callsBeside = (calls: readonly Call[], collectionId: number): string[] =>
  calls.flatMap((call) => {
    const key = call.name === "Public" ? null : keyOf(call);
    return key?.collectionId === collectionId && key.tokenId === null ? [call.name] : [];
  });
