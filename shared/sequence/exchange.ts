/**
 * One HTTP exchange with Sequence as a value: whatever happens on the wire is described, never thrown. Only the
 * caller's own stop is thrown, as its signal's reason. Asks once; retrying is the consumer's business.
 */
import { LIMITS } from "../limits.ts";
import type { Watch } from "../watch.ts";

export type Fetch = (request: string, init: RequestInit) => Promise<Response>;

export type Exchange = {
  readonly url: string;
  /** Null: not even a status line came. */
  readonly status: number | null;
  readonly headers: Headers | null;
  /** As much of it as came. May hold secrets until `errors.ts` has redacted it. */
  readonly body: string;
  readonly end: "complete" | "stalled" | "too_long" | "network" | "body_cut" | "oversize";
  /** The transport's own words about a bad end. */
  readonly detail: string;
};

export const isSuccess = ({ end, status }: Exchange): boolean =>
  end === "complete" && status !== null && status >= 200 && status < 300;

/** Asks, and reads the answer's body to its end as text. */
export async function exchange(
  fetch: Fetch,
  url: string,
  init: RequestInit,
  watch: Watch,
): Promise<Exchange> {
  const response = await headersOf(fetch, url, init, watch);
  return "end" in response ? response : readBody(url, response, watch);
}

/** Waits for the headers. The body is the caller's to read. */
export async function headersOf(
  fetch: Fetch,
  url: string,
  init: RequestInit,
  watch: Watch,
): Promise<Response | Exchange> {
  const asked = (async () => fetch(url, { ...init, signal: watch.signal }))();
  try {
    const response = await watch.wait(asked);
    watch.moved();
    return response;
  } catch (error) {
    // Given up on a fetch that ignores its signal: should it answer after all, its connection must be freed.
    asked.then((late) => late.body?.cancel()).catch(() => {});
    return badEnd(url, null, "", watch, error, "network");
  }
}

export async function readBody(url: string, response: Response, watch: Watch): Promise<Exchange> {
  return isShort(response) ? readAtOnce(url, response, watch) : readByChunks(url, response, watch);
}

const isShort = ({ headers }: Response): boolean =>
  headers.has("Content-Length") && Number(headers.get("Content-Length")) <= LIMITS.sequenceShortAnswerBytes;

/** Most answers are one packet: reading those by chunks costs 0.1 ms of workerd's one thread more a call [M]. */
async function readAtOnce(url: string, response: Response, watch: Watch): Promise<Exchange> {
  const { status, headers } = response;
  try {
    return { url, status, headers, body: await watch.wait(response.text()), end: "complete", detail: "" };
  } catch (error) {
    return badEnd(url, response, "", watch, error, "body_cut");
  }
}

async function readByChunks(url: string, response: Response, watch: Watch): Promise<Exchange> {
  const { status, headers } = response;
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let body = "";
  let bytes = 0;
  try {
    while (reader) {
      const { done, value } = await watch.wait(reader.read());
      if (done) break;
      watch.moved();
      body += decoder.decode(value, { stream: true });
      bytes += value.byteLength;
      if (bytes > LIMITS.sequenceAnswerBytes) {
        reader.cancel().catch(() => {});
        return { url, status, headers, body, end: "oversize", detail: "" };
      }
    }
    body += decoder.decode();
    return { url, status, headers, body, end: "complete", detail: "" };
  } catch (error) {
    reader?.cancel().catch(() => {});
    return badEnd(url, response, body, watch, error, "body_cut");
  }
}

/** The caller's stop is passed on as thrown; our own time limits and the network become a described end. */
function badEnd(
  url: string,
  response: Response | null,
  body: string,
  watch: Watch,
  error: unknown,
  otherwise: "network" | "body_cut",
): Exchange {
  const ranOut = watch.ranOut();
  if (ranOut === null && watch.signal.aborted) throw watch.signal.reason;
  const detail = ranOut === null ? (error instanceof Error ? error.message : String(error)) : "";
  return {
    url,
    status: response?.status ?? null,
    headers: response?.headers ?? null,
    body,
    end: ranOut ?? otherwise,
    detail,
  };
}
