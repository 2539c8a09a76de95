/**
 * One RPC through the package's `Collections` class with our own fetch around it. The package builds the request
 * and unwraps the answer; whether it went well is decided from our own record of the exchange, because its
 * errors lose the HTTP status, the headers and sometimes the name.
 */
import { Collections } from "@0xsequence/metadata";
import type { z } from "zod";
import type { Failure } from "../job/failure.ts";
import { LIMITS } from "../limits.ts";
import { fail, ok, type Result } from "../result.ts";
import { type Watch, watchCall } from "../watch.ts";
import { type CallContext, failureOf, unusableAnswer } from "./errors.ts";
import { type Exchange, exchange, type Fetch, isSuccess } from "./exchange.ts";
import type { PageRequest } from "./sequence.ts";

export type SequenceOptions = {
  /** Base URL without a slash at its end. */
  readonly metadataUrl: string;
  readonly projectId: number;
  /** The secret key. Sent as `Authorization: Bearer`, redacted from everything that comes out of this room. */
  readonly jwt: string;
  /** Longest wait for headers or for the next bytes of a body. */
  readonly callTimeoutMs: number;
  /** Hand in an arrow: `(request, init) => fetch(request, init)`; a bare `fetch` breaks in workerd. */
  readonly fetch: Fetch;
  readonly now: () => number;
};

/** A call of the package, given a client whose fetch is ours. */
type Rpc<Client> = (client: Client) => Promise<unknown>;

/** One of the package's services, and the credential that it wants. */
type Service<Client> = {
  readonly options: SequenceOptions;
  readonly create: (host: string, fetch: ReturnType<typeof recordingFetch>) => Client;
  readonly authorize: (headers: Headers) => void;
};

/** One call of Collections, with the secret key. */
export const call = <Answer>(
  options: SequenceOptions,
  where: string,
  schema: z.ZodType<Answer>,
  rpc: Rpc<Collections>,
  signal: AbortSignal | undefined,
): Promise<Result<Answer, Failure>> =>
  callService(
    {
      options,
      create: (host, fetch) => new Collections(host, fetch),
      authorize: (headers) => withKey(options, headers),
    },
    where,
    schema,
    rpc,
    signal,
  );

export async function callService<Client, Answer>(
  { options, create, authorize }: Service<Client>,
  where: string,
  schema: z.ZodType<Answer>,
  rpc: Rpc<Client>,
  signal: AbortSignal | undefined,
): Promise<Result<Answer, Failure>> {
  const watch = startWatch(options, signal);
  const context = () => contextOf(options, where, "rpc");
  const recorded: { exchange: Exchange | null } = { exchange: null };
  try {
    // A client for each call: its fetch then knows which call it serves, without any state to share.
    const client = create(options.metadataUrl, recordingFetch({ options, authorize }, watch, recorded));
    const answer = schema.safeParse(await rpc(client));
    if (answer.success) return ok(answer.data);
    if (recorded.exchange === null) throw new TypeError(`${where}: the package answered without asking`);
    return fail(unusableAnswer(recorded.exchange, context(), issueOf(answer.error)));
  } catch (error) {
    if (recorded.exchange === null) throw signal?.aborted ? signal.reason : error;
    const answered = recorded.exchange;
    return fail(
      isSuccess(answered)
        ? unusableAnswer(answered, context(), "it is no JSON object")
        : failureOf(answered, context()),
    );
  } finally {
    watch.end();
  }
}

function recordingFetch(
  { options, authorize }: Pick<Service<unknown>, "options" | "authorize">,
  watch: Watch,
  recorded: { exchange: Exchange | null },
) {
  return async (request: unknown, init?: { method?: string; headers?: unknown; body?: unknown }) => {
    const headers = new Headers(asGiven<Record<string, string>>(init?.headers ?? {}));
    authorize(headers);
    const asked = { method: "POST", body: asGiven<string>(init?.body), headers };
    const answered = await exchange(
      options.fetch,
      String(request),
      { ...asked, redirect: "manual" as const },
      watch,
    );
    recorded.exchange = answered;
    // Thrown only to end the package's call: what it means is read from the record.
    if (!isSuccess(answered)) throw new Error("no success");
    // All that the package reads of a response; a real one costs 0.05 ms of workerd's one thread a call [M].
    return asGiven<Response>({ ok: true, status: answered.status, text: async () => answered.body });
  };
}

/** The secret key and nothing else: beside it, `X-Access-Key` and `Origin` are both refused. */
export function withKey(options: SequenceOptions, headers: Headers): Headers {
  headers.set("Authorization", `Bearer ${options.jwt}`);
  return headers;
}

/**
 * The first page is asked for by naming none, which means the same everywhere; nobody says from where Sequence
 * counts, and where it counts from 1 a spoken 0 is out of range.
 */
export const pageOnWire = (page: PageRequest | undefined): PageRequest | undefined =>
  page && { ...page, page: page.page || undefined };

export const startWatch = (options: SequenceOptions, signal: AbortSignal | undefined): Watch =>
  watchCall({ stallMs: options.callTimeoutMs, transferMs: LIMITS.transferMs, signal });

/** Made when the answer is in, not before the call: a Retry-After date counts from now. */
export const contextOf = (
  options: SequenceOptions,
  where: string,
  kind: CallContext["kind"],
): CallContext => ({
  where,
  kind,
  timeoutMs: options.callTimeoutMs,
  transferMs: LIMITS.transferMs,
  nowMs: options.now(),
  secrets: [options.jwt],
});

/**
 * The one boundary at which types are bent. The package's own demand `source`, `status`, `asset.id` and more
 * that no caller has (the server fills them), and call `filename` `name`; the wire is what section 4.1 of the
 * facts records, and the tests compare it byte for byte.
 */
export const asGiven = <Wanted>(given: unknown): Wanted => given as Wanted;

export function issueOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.join(".") || "body"}: ${issue.message}` : "unknown";
}
