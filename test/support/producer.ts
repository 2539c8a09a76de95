/** Asks the producer Worker over HTTP in workerd, against an emulator, and keeps what it put on its queues. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { inject } from "vitest";
import { openDb } from "../../shared/store/db.ts";
import worker from "../../workers/producer/index.ts";

export const db = openDb(env.DB);

type Body = Record<string, unknown> & { items: Record<string, unknown>[]; nextCursor: string | null };
export type Answer = { status: number; headers: Headers; text: string; body: Body };

export type Producer = {
  /** Asked as `local`, unless the init says otherwise; waits for what goes on after the answer. */
  ask(path: string, init?: RequestInit): Promise<Answer>;
  post(path: string, json?: unknown, init?: RequestInit): Promise<Answer>;
  /** The answer itself, for bodies that are no text. */
  fetch(url: string, init?: RequestInit): Promise<Response>;
  readonly sent: { intake: unknown[]; jobs: unknown[] };
};

export const emulator = () => inject("emulators").conflict;
export const target = () => `emulator#${emulator().project}`;

/** @param given variables and bindings in place of the usual ones; `undefined` takes one away. */
export function producer(given: Record<string, unknown> = {}): Producer {
  const sent: Producer["sent"] = { intake: [], jobs: [] };
  const bindings = {
    ...env,
    EMULATOR_URL: emulator().url,
    JWT_ACCESS_KEY: emulator().key,
    CALL_TIMEOUT_MS: "2000",
    INTAKE: queueInto(sent.intake),
    JOBS: queueInto(sent.jobs),
    ...given,
  } as unknown as ProducerEnv;
  const ask = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const ctx = createExecutionContext();
    const response = await worker.fetch(requestTo(url, init), bindings, ctx);
    await waitOnExecutionContext(ctx);
    return response;
  };
  const answer = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await ask(path, init);
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} };
  };
  return {
    sent,
    fetch: ask,
    ask: answer,
    post: (path, json, init) =>
      answer(path, {
        method: "POST",
        ...(json === undefined
          ? {}
          : { body: JSON.stringify(json), headers: { "content-type": "application/json" } }),
        ...init,
      }),
  };
}

function requestTo(url: string, init: RequestInit): Request {
  const request = new Request(new URL(url, "http://127.0.0.1:8787"), init);
  if (!request.headers.has("authorization")) request.headers.set("authorization", "Bearer local");
  // What an HTTP client sends and `new Request` does not: the length of a body that is known.
  const { body } = init;
  if (body && !(body instanceof ReadableStream) && !request.headers.has("content-length")) {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body).byteLength : sizeOf(body);
    if (bytes !== null) request.headers.set("content-length", String(bytes));
  }
  return request;
}

const sizeOf = (body: BodyInit): number | null =>
  body instanceof Uint8Array || body instanceof ArrayBuffer ? body.byteLength : null;

function queueInto(sent: unknown[]) {
  return {
    send: async (body: unknown) => void sent.push(body),
    sendBatch: async (messages: Iterable<{ body: unknown }>) =>
      void sent.push(...Array.from(messages, (message) => message.body)),
    metrics: async () => ({ backlogCount: sent.length, backlogBytes: 0 }),
  };
}

export const CSV = "token_id,name,image\n1,One,https://example.com/1.png\n";

/** Submits a file and returns the Batch. */
export async function submit(to: Producer, query = "collectionId=1", file = CSV): Promise<Body> {
  const answer = await to.ask(`/v1/batches?${query}`, {
    method: "POST",
    body: file,
    headers: { "content-type": "text/csv" },
  });
  if (answer.status !== 202) throw new Error(`${answer.status} ${answer.text}`);
  return answer.body;
}
