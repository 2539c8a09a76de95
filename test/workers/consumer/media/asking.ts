/** What the tests of fetching media ask, and how they read the answer. */
import { env } from "cloudflare:workers";
import type { Failure } from "../../../../shared/job/failure.ts";
import type { MediaField } from "../../../../shared/job/job.ts";
import type { Result } from "../../../../shared/result.ts";
import { fetchMedia, type MediaContext } from "../../../../workers/consumer/media/fetch-media.ts";
import type { MediaInHand } from "../../../../workers/consumer/media/media-in-hand.ts";
import { fixture } from "../../../shared/media/fixtures.ts";

export const URL_1 = "https://art.example/1.png";
export const png = fixture("tiny.png");

export const fetchUrl = (context: MediaContext, url = URL_1, field: MediaField = "image") =>
  fetchMedia({ kind: "url", url }, field, context);

export const failureOf = (result: Result<MediaInHand, Failure>): Failure => {
  if (result.ok) throw new Error("expected a failure, got media");
  return result.error;
};
export const mediaOf = (result: Result<MediaInHand, Failure>): MediaInHand => {
  if (!result.ok) throw new Error(`expected media, got ${result.error.code}: ${result.error.message}`);
  return result.value;
};
export const contentOf = async (media: MediaInHand): Promise<Uint8Array> =>
  new Response(await media.open()).bytes();
export const spooled = async () => (await env.BUCKET.list({ prefix: "spool/" })).objects.length;
