/** Plain GETs that hand the body on as a stream: private rendering with the key, public reads without. */
import type { Failure } from "../job/failure.ts";
import { fail, ok, type Result } from "../result.ts";
import type { Watch } from "../watch.ts";
import { privateAssetUrl } from "./addresses.ts";
import { type CallContext, failureOf } from "./errors.ts";
import { headersOf, readBody } from "./exchange.ts";
import { contextOf, type SequenceOptions, startWatch, withKey } from "./rpc.ts";
import type { Sequence } from "./sequence.ts";

/** Of the answer's headers only these are ours to hand on: others may carry cookies or name servers. */
const HANDED_ON = ["Content-Type", "ETag", "Last-Modified"];

export function readCalls(options: SequenceOptions): Pick<Sequence, "renderPrivate" | "fetchPublic"> {
  const { metadataUrl, projectId } = options;
  return {
    renderPrivate({ collectionId, tokenId, field }, signal) {
      const url = privateAssetUrl(metadataUrl, projectId, collectionId, tokenId, field);
      const where = `Private ${field} of token ${tokenId} in collection ${collectionId}`;
      // Not followed: a redirect could carry the key to another host.
      const init: RequestInit = { headers: withKey(options, new Headers()), redirect: "manual" };
      return read(options, url, init, () => contextOf(options, where, "rest"), signal);
    },
    fetchPublic(path, signal) {
      const url = belowBase(metadataUrl, path);
      const where = `Public read of ${url}`;
      // Past our own zone's cache: a 404 from before the publication must not be the answer after it.
      const init: RequestInit = { redirect: "follow", cache: "no-store" };
      return read(options, url, init, () => contextOf(options, where, "public"), signal);
    },
  };
}

/** Only Sequence's own host is asked: a path from a row or a response must not lead elsewhere. */
function belowBase(metadataUrl: string, path: string): string {
  const base = metadataUrl.replace(/\/+$/, "");
  if (path.startsWith(`${base}/`)) return path;
  if (/^\/(?!\/)/.test(path)) return base + path;
  throw new TypeError(`fetchPublic: expected a path below ${base}, got "${path}"`);
}

/**
 * Ok only with status 200. The body must be read or cancelled; it fails with a `TimeoutError` where it stands
 * still, and with the signal's reason where the caller stops.
 */
async function read(
  options: SequenceOptions,
  url: string,
  init: RequestInit,
  context: () => CallContext,
  signal: AbortSignal | undefined,
): Promise<Result<Response, Failure>> {
  const watch = startWatch(options, signal);
  let handedOn = false;
  try {
    const response = await headersOf(options.fetch, url, init, watch);
    if ("end" in response) return fail(failureOf(response, context()));
    if (response.status !== 200) return fail(failureOf(await readBody(url, response, watch), context()));
    handedOn = response.body !== null;
    return ok(guarded(response, watch));
  } finally {
    if (!handedOn) watch.end();
  }
}

function guarded(response: Response, watch: Watch): Response {
  const headers = new Headers();
  for (const name of HANDED_ON) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  if (response.body === null) return new Response(null, { headers });
  return new Response(withKnownLength(response, guardedBody(response.body, watch)), { headers });
}

function guardedBody(body: ReadableStream<Uint8Array>, watch: Watch): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await watch.wait(reader.read());
        if (!done) return controller.enqueue(value);
        watch.end();
        controller.close();
      } catch (error) {
        watch.end();
        reader.cancel(error).catch(() => {});
        throw error;
      }
    },
    async cancel(reason) {
      watch.end();
      await reader.cancel(reason);
    },
  });
}

/** A length that was announced is announced again, unless it counts the compressed bytes. */
function withKnownLength(response: Response, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const length = Number(response.headers.get("Content-Length") ?? Number.NaN);
  if (!Number.isSafeInteger(length) || response.headers.has("Content-Encoding")) return body;
  const fixed = new FixedLengthStream(length);
  // A failure reaches the reader as the error of `fixed.readable`; here it is only kept from being unhandled.
  body.pipeTo(fixed.writable).catch(() => {});
  return fixed.readable;
}
