/** A token and its media as anybody reads them: no token of ours, no key of Sequence's, only the address. */
import * as z from "zod";
import { MEDIA_FIELDS, type MediaField } from "../shared/job/job.ts";
import { SECOND } from "../shared/limits.ts";
import { fail, ok, type Result } from "../shared/result.ts";

export type PublicToken = {
  readonly metadata: Record<string, unknown>;
  readonly mediaUrl: string;
  readonly media: Response;
};

/** Public reads are small or start at once; a host that does not is not serving. */
const ANSWER_WITHIN_MS = 60 * SECOND;

export type Unread = {
  /** One sentence that says what was read and what came back. */
  readonly message: string;
  /** The media fields of a token that is public but lacks the one that was asked for; null where it was not read. */
  readonly others: readonly MediaField[] | null;
};

export async function readPublicToken(address: string, field: string): Promise<Result<PublicToken, Unread>> {
  const token = await fetchPublic(address);
  if (!token.ok) return unread(token.error);
  const metadata = Metadata.safeParse(await token.value.json().catch(() => null));
  if (!metadata.success) return unread(`${address}: expected a token's JSON, got something else.`);
  const mediaUrl = metadata.data[field];
  if (!isAddress(mediaUrl)) {
    const got = JSON.stringify(mediaUrl ?? null);
    const others = MEDIA_FIELDS.filter((other) => isAddress(metadata.data[other]));
    return unread(`${address}: expected a URL in its field ${field}, got ${got}.`, others);
  }
  const media = await fetchPublic(mediaUrl);
  return media.ok ? ok({ metadata: metadata.data, mediaUrl, media: media.value }) : unread(media.error);
}

const unread = (message: string, others: Unread["others"] = null) => fail({ message, others });

const isAddress = (value: unknown): value is string => typeof value === "string" && /^https?:/.test(value);

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
