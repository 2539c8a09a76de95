/** A token and its media as anybody reads them: no token of ours, no key of Sequence's, only the address. */
import * as z from "zod";
import { SECOND } from "../shared/limits.ts";
import { fail, ok, type Result } from "../shared/result.ts";

export type PublicToken = {
  readonly metadata: Record<string, unknown>;
  readonly mediaUrl: string;
  readonly media: Response;
};

/** Public reads are small or start at once; a host that does not is not serving. */
const ANSWER_WITHIN_MS = 60 * SECOND;

/** The error is one sentence that says what was read and what came back. */
export async function readPublicToken(address: string, field: string): Promise<Result<PublicToken, string>> {
  const token = await fetchPublic(address);
  if (!token.ok) return token;
  const metadata = Metadata.safeParse(await token.value.json().catch(() => null));
  if (!metadata.success) return fail(`${address}: expected a token's JSON, got something else.`);
  const mediaUrl = metadata.data[field];
  if (typeof mediaUrl !== "string" || !/^https?:/.test(mediaUrl)) {
    return fail(`${address}: expected a URL in its field ${field}, got ${JSON.stringify(mediaUrl ?? null)}.`);
  }
  const media = await fetchPublic(mediaUrl);
  return media.ok ? ok({ metadata: metadata.data, mediaUrl, media: media.value }) : media;
}

const Metadata = z.record(z.string(), z.unknown());

async function fetchPublic(url: string): Promise<Result<Response, string>> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return response.ok ? ok(response) : fail(`${url} answered HTTP ${response.status} to the public.`);
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    return fail(`${url} could not be read: ${cause instanceof Error ? cause.message : String(cause)}.`);
  }
}
