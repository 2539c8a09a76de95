/**
 * One GET for media, redirects followed by hand: each address is judged before a request leaves for it, since
 * a host that passed may point at one that must not be asked.
 */
import type { Failure } from "../../../shared/job/failure.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { checkMediaUrl } from "../../../shared/media/guard.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import { badRedirect, guardFailed, tooManyRedirects, transferFailed } from "./failures.ts";
import type { MediaContext } from "./fetch-media.ts";
import { type Place, placeOf } from "./place.ts";
import { type Transfer, TransferError } from "./timed.ts";

/** What the last host on the way said; its body not yet read. */
export type Answer = { readonly response: Response; readonly place: Place };

const HEADERS = {
  accept: "image/*,video/*,audio/*,model/gltf-binary,*/*;q=0.5",
  // Media is compressed as it is; only an unencoded answer says how long it is.
  "accept-encoding": "identity",
  "user-agent": "Mintline",
};

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Redirects that each take their time do not add up to more than one transfer may last. */
export async function request(
  url: string,
  context: MediaContext,
  transfer: Transfer,
): Promise<Result<Answer, Failure>> {
  let next = url;
  for (let hop = 0; hop <= LIMITS.mediaRedirects; hop++) {
    const checked = checkMediaUrl(next, context.privateHosts);
    if (!checked.ok) return fail(guardFailed(checked.error, placeOf(next, hop)));
    const place = placeOf(checked.value.href, hop);
    const got = await get(checked.value, place, context, transfer);
    if (!got.ok) return got;
    const response = got.value;
    if (!REDIRECTS.includes(response.status)) return ok({ response, place });
    await response.body?.cancel();
    const target = URL.parse(response.headers.get("location") ?? "", checked.value.href);
    if (target === null || !response.headers.has("location")) {
      return fail(badRedirect(place, response));
    }
    next = target.href;
  }
  return fail(tooManyRedirects(placeOf(next, LIMITS.mediaRedirects + 1)));
}

async function get(
  url: URL,
  place: Place,
  context: MediaContext,
  transfer: Transfer,
): Promise<Result<Response, Failure>> {
  // Called without its object: the platform's fetch refuses any `this` but its own.
  const { fetch } = context;
  context.ask();
  try {
    const { signal } = transfer;
    const send = (): Promise<Response> => fetch(url.href, { redirect: "manual", headers: HEADERS, signal });
    return ok(await transfer.within(send));
  } catch (cause) {
    context.signal.throwIfAborted();
    if (cause instanceof TransferError) return fail(transferFailed(cause, place, null));
    throw cause;
  }
}
