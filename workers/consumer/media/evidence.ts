/** What is kept of a media host's answer, so that a dead letter can be understood without asking again. */
import type { Evidence } from "../../../shared/job/failure.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { MediaContext } from "./fetch-media.ts";
import type { Place } from "./place.ts";
import type { Answer } from "./request.ts";
import { pullFrom, type Transfer, TransferError } from "./timed.ts";

export const evidenceOf = (place: Place, status: number | null, body: Uint8Array | null): Evidence => ({
  url: place.url,
  host: place.host,
  status,
  body: body && textOf(body),
  hop: place.hop,
});

/** The beginning of a refusal's body. Its loss is no failure: the status has been said. */
export async function readEvidence(
  answer: Answer,
  context: MediaContext,
  transfer: Transfer,
): Promise<Evidence> {
  const { response, place } = answer;
  const pull = pullFrom(response.body, transfer);
  const until = context.now() + context.callTimeoutMs;
  let body = new Uint8Array();
  try {
    for (let chunk = await pull(); chunk !== null; chunk = await pull()) {
      body = Uint8Array.of(...body, ...chunk.subarray(0, LIMITS.evidenceBytes - body.length));
      if (body.length >= LIMITS.evidenceBytes || context.now() >= until) break;
    }
  } catch (cause) {
    context.signal.throwIfAborted();
    if (!(cause instanceof TransferError)) throw cause;
  }
  return evidenceOf(place, response.status, body);
}

/** The first 4 kB where they are text, else null: a picture's bytes tell nobody anything. */
function textOf(bytes: Uint8Array): string | null {
  const head = bytes.subarray(0, LIMITS.evidenceBytes);
  if (head.length === 0 || head.some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27)))
    return null;
  // The cut may have gone through a character.
  return new TextDecoder().decode(head).replace(/�+$/, "");
}
