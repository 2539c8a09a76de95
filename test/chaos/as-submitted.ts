/**
 * The rows as they were made up against what is there. What D1 says of a row is left out of it: what intake got
 * wrong would otherwise agree with itself. Pure.
 */
import type { UpstreamFacts } from "../../shared/invariants/facts.ts";
import { hashAt, type MadeRow } from "./rows.ts";

/** What of these rows is not upstream as it was made up, a sentence each. */
export function asSubmitted(
  rows: readonly MadeRow[],
  { tokens, assets }: UpstreamFacts,
  collectionId: number,
): string[] {
  const there = new Map(
    tokens.filter((one) => one.collectionId === collectionId).map((one) => [one.tokenId, one]),
  );
  const files = new Map(
    assets
      .filter((one) => one.collectionId === collectionId)
      .map((one) => [`${one.tokenId} ${one.field}`, one.sha256]),
  );
  return rows.flatMap(({ tokenId, metadata, media }) => {
    const token = there.get(tokenId);
    if (token === undefined) return [`token ${tokenId} is not there`];
    const fields = Object.keys(metadata).filter(
      (field) => canonical(metadata[field]) !== canonical(token.metadata[field]),
    );
    const missing = [...media].filter(([field, url]) => files.get(`${tokenId} ${field}`) !== hashAt(url));
    return [
      ...(token.isPrivate ? [`token ${tokenId} is private`] : []),
      ...fields.map(
        (field) =>
          `token ${tokenId}: ${field} is ${JSON.stringify(token.metadata[field])}, the file says ${JSON.stringify(metadata[field])}`,
      ),
      ...missing.map(([field]) => `token ${tokenId}: other bytes in ${field} than its URL gives`),
    ];
  });
}

/** JSON with sorted keys. Traits too: no standard gives their order a meaning. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify(value.map(canonical).sort());
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  return JSON.stringify(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, canonical(one)]),
  );
}
