/** A media host in a function: each URL's answer is scripted, each request noted, and no packet leaves. */
import { env } from "cloudflare:workers";
import { LIMITS } from "../../../../shared/limits.ts";
import type { MediaContext } from "../../../../workers/consumer/media/fetch-media.ts";
import { bigPng } from "../../../shared/media/fixtures.ts";

type Script = (request: Request) => Response | Promise<Response>;

/** `asked` counts how often a call was asked for; `requests` are those that left. */
export type Host = {
  readonly context: MediaContext;
  readonly requests: string[];
  readonly asked: () => number;
};

/** A URL with several answers gives them in order and stays with the last. */
export function host(answers: Record<string, Script | Script[]>, given: Partial<MediaContext> = {}): Host {
  const requests: string[] = [];
  let asked = 0;
  const fetchScripted: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    if (init?.redirect !== "manual") throw new Error("redirects must not be followed unseen");
    const nth = requests.filter((url) => url === request.url).length;
    requests.push(request.url);
    const scripts = [answers[request.url] ?? (() => new Response("no such page", { status: 404 }))].flat();
    const script = scripts[Math.min(nth, scripts.length - 1)];
    if (!script) throw new Error(`no answer scripted for ${request.url}`);
    return script(request);
  };
  const context: MediaContext = {
    fetch: fetchScripted,
    bucket: env.BUCKET,
    privateHosts: [],
    callTimeoutMs: 5_000,
    maxBytes: LIMITS.mediaMaxBytes,
    now: Date.now,
    signal: new AbortController().signal,
    ask: () => {
      asked += 1;
    },
    ...given,
  };
  return { context, requests, asked: () => asked };
}

export const redirect = (location: string, status = 302): Script => {
  return () => new Response(null, { status, headers: { location } });
};

export const file = (body: BodyInit | null, headers: Record<string, string> = {}): Script => {
  return () => new Response(body, { headers });
};

/** A body that gives these pieces and then ends, fails or hangs. */
export function pieces(parts: Uint8Array[], then: "end" | "fail" | "hang"): ReadableStream<Uint8Array> {
  const left = [...parts];
  return new ReadableStream(
    {
      pull(controller) {
        const next = left.shift();
        if (next) return controller.enqueue(next);
        if (then === "end") return controller.close();
        if (then === "fail") return controller.error(new Error("Network connection lost."));
        return new Promise(() => undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

/** A body that never ends. */
export const endless = (): ReadableStream<Uint8Array> => {
  const chunk = bigPng(64 * 1024);
  return new ReadableStream(
    { pull: (controller) => controller.enqueue(chunk.slice()) },
    { highWaterMark: 0 },
  );
};
