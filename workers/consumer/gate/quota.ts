/** What Sequence's quota middleware says of its limit in every answer's headers (`Credits-Rate-*`). */
import type { Quota } from "./words.ts";

/** Null where the headers are missing or are not numbers. `Credits-Rate-Reset` is in Unix seconds. */
export function readQuota(headers: Headers): Quota | null {
  const [limit, remaining, reset] = ["Limit", "Remaining", "Reset"].map((name) =>
    numberOf(headers.get(`Credits-Rate-${name}`)),
  );
  if (limit == null || remaining == null || reset == null || limit < 1) return null;
  return { limit, remaining, resetAt: reset * 1000 };
}

const numberOf = (text: string | null): number | null =>
  text !== null && /^\d{1,12}$/.test(text) ? Number(text) : null;

export type QuotaEar = { readonly fetch: typeof fetch; readonly last: () => Quota | null };

/** A fetch that remembers the last quota it heard of. Around the fetch, since a success carries it as well. */
export function listenForQuota(send: typeof fetch): QuotaEar {
  let last: Quota | null = null;
  return {
    fetch: async (input, init) => {
      const response = await send(input, init);
      last = readQuota(response.headers) ?? last;
      return response;
    },
    last: () => last,
  };
}
