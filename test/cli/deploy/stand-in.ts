/**
 * A stand-in of Cloudflare's API on 127.0.0.1, and of the producer that a deploy leaves there. It keeps an account
 * in memory (D1 in real SQLite), records every call, and can refuse one, or be told of one before or after it acts.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { type ServerType, serve } from "@hono/node-server";
import { Hono } from "hono";
import { accountRoutes } from "./account-routes.ts";
import { refusal, success } from "./answers.ts";
import { deployedProducer } from "./deployed-producer.ts";
import { emptyAccount, type PlayAccount } from "./play-account.ts";

export type Call = {
  readonly method: string;
  /** Without `/client/v4/accounts/<id>`, with its query. */
  readonly path: string;
  readonly body: string;
};

export type StandIn = {
  readonly url: string;
  readonly account: PlayAccount;
  readonly calls: Call[];
  /** Calls that change something. */
  readonly changes: () => string[];
  /** Whatever of these words stood in a process's arguments while a call came in. */
  readonly watch: (words: readonly string[]) => void;
  readonly seen: string[];
  readonly close: () => Promise<void>;
  hooks: Hooks;
};

export type Hooks = {
  /** 403 with code 10000, as Cloudflare answers where a permission is missing. */
  forbid?: (call: Call) => boolean;
  /** True: the call is dropped, and nothing happens. */
  before?: (call: Call) => boolean;
  after?: (call: Call) => unknown;
};

export const ACCOUNT_ID = "0123456789abcdef0123456789abcdef";
export const API_TOKEN = "stand-in-api-token";
const PREFIX = `/client/v4/accounts/${ACCOUNT_ID}`;

/** D1 is read by POST; everything else that is not a GET changes something. */
export const changes = ({ method, path, body }: Call): boolean =>
  method !== "GET" && !(path.endsWith("/query") && /^\s*(\{"sql":")?\s*SELECT/i.test(body));

export async function startStandIn(): Promise<StandIn> {
  const account = emptyAccount();
  const calls: Call[] = [];
  const seen: string[] = [];
  let words: readonly string[] = [];
  const standIn: Pick<StandIn, "hooks"> = { hooks: {} };
  const app = new Hono();
  app.use("/client/v4/*", async (c, next) => {
    const url = new URL(c.req.url);
    const body = c.req.header("content-type")?.startsWith("multipart/") ? "" : await c.req.raw.clone().text();
    const call = { method: c.req.method, path: `${url.pathname}${url.search}`.replace(PREFIX, ""), body };
    calls.push(call);
    seen.push(...wordsInArguments(words));
    if (c.req.header("authorization") !== `Bearer ${API_TOKEN}`)
      return c.json(refusal(9109, "Invalid access token"), 403);
    if (standIn.hooks.forbid?.(call)) return c.json(refusal(10000, "Authentication error"), 403);
    if (standIn.hooks.before?.(call)) return c.json(refusal(0, "dropped"), 503);
    await next();
    standIn.hooks.after?.(call);
    return;
  });
  app.route(PREFIX, accountRoutes(account));
  app.get("/client/v4/accounts", (c) => c.json(success([{ id: ACCOUNT_ID, name: "Studio" }])));
  // Wrangler asks these after a refusal, to say who was refused.
  app.get("/client/v4/user/tokens/verify", (c) => c.json(success({ id: "t", status: "active" })));
  app.all("/client/v4/*", (c) => c.json(refusal(7003, `no route ${c.req.method} ${c.req.path}`), 404));
  app.route("/", deployedProducer(account));
  const { server, port } = await listening(app);
  return Object.assign(standIn, {
    url: `http://127.0.0.1:${port}`,
    account,
    calls,
    changes: () => calls.filter(changes).map(({ method, path }) => `${method} ${path}`),
    watch: (given: readonly string[]) => {
      words = given;
    },
    seen,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}

function listening(app: Hono): Promise<{ server: ServerType; port: number }> {
  const { promise, resolve } = Promise.withResolvers<{ server: ServerType; port: number }>();
  // Other tests run in this process, with the platform's own Request and Response.
  const server = serve(
    { fetch: app.fetch, overrideGlobalObjects: false, hostname: "127.0.0.1", port: 0 },
    ({ port }) => resolve({ server, port }),
  );
  return promise;
}

/** Arguments of all processes, and the environments of Wrangler's, as `ps` shows them. */
function wordsInArguments(words: readonly string[]): string[] {
  if (words.length === 0) return [];
  const lines = existsSync("/proc/self/cmdline")
    ? linesOfProc()
    : execFileSync("ps", ["axww"], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) =>
    words.filter((word) => line.includes(word)).map((word) => `${word} in ${line}`),
  );
}

const linesOfProc = (): string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      const line = readQuietly(`/proc/${pid}/cmdline`);
      return line.includes("wrangler") ? `${line} ${readQuietly(`/proc/${pid}/environ`)}` : line;
    });

function readQuietly(path: string): string {
  try {
    return readFileSync(path, "utf8").replaceAll("\0", " ");
  } catch {
    return ""; // It has ended meanwhile.
  }
}
