/** One media host on a real socket. `POST /-/say?path=` sets what a path answers, `GET /-/seen?path=` counts. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { Server as NetServer } from "node:net";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/**
 * A body, its bytes in base64; what comes behind them is `ends`. Who names the `etag` of the answer whose turn it is
 * gets 304 in its place.
 */
export type Said = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly base64?: string;
  /** So many zeros behind the bytes, before any encoding. */
  readonly zeros?: number;
  /** Encodes once for each, and says so in `content-encoding`. */
  readonly encode?: readonly ("gzip" | "br")[];
  /** With the length of what is sent, encoded as it is. */
  readonly sized?: boolean;
  /**
   * `well` (default); `hang`: says no more; `cut`: closes the socket; `endless`: zeros without end; `drip`: a zero
   * every `everyMs`; `silent`: never even a status.
   */
  readonly ends?: "well" | "hang" | "cut" | "endless" | "drip" | "silent";
  readonly everyMs?: number;
};

type HostileHost = {
  readonly url: string;
  /** What `GET /-/connections` answers. */
  count(connections: () => number): void;
  close(): Promise<void>;
};

export async function startHostileHost(): Promise<HostileHost> {
  const answers = new Map<string, readonly Answer[]>();
  const seen = new Map<string, number>();
  let connections = (): number => 0;
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://host");
    const path = searchParams.get("path") ?? "";
    if (pathname === "/-/say") {
      const said = JSON.parse(Buffer.concat(await request.toArray()).toString()) as Said[];
      answers.set(path, said.map(prepared));
      response.end();
    } else if (pathname === "/-/seen") response.end(String(seen.get(path) ?? 0));
    else if (pathname === "/-/connections") response.end(String(connections()));
    else {
      const nth = seen.get(pathname) ?? 0;
      seen.set(pathname, nth + 1);
      const said = answers.get(pathname) ?? [];
      const turn = said[Math.min(nth, said.length - 1)] ?? prepared({ status: 404 });
      const etag = turn.headers.etag;
      if (etag !== undefined && request.headers["if-none-match"] === etag) response.writeHead(304).end();
      else answer(response, turn);
    }
  });
  const port = await listening(server);
  return {
    url: `http://127.0.0.1:${port}`,
    count(counted) {
      connections = counted;
    },
    close: () => stop(server),
  };
}

/** @returns the port, any free one of 127.0.0.1. */
export async function listening(server: NetServer): Promise<number> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a listener without a port");
  return address.port;
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise((done) => server.close(done));
  server.closeAllConnections();
  await closed;
}

type Answer = { readonly said: Said; readonly bytes: Uint8Array; readonly headers: Record<string, string> };

/** Encoded beforehand: a bomb takes longer to make than a fetch may take. */
function prepared(said: Said): Answer {
  const { base64 = "", zeros = 0, encode = [], sized = false } = said;
  const plain = Buffer.concat([Buffer.from(base64, "base64"), Buffer.alloc(zeros)]);
  const bytes = encode.reduce<Uint8Array>(
    (inner, encoding) =>
      encoding === "gzip" ? gzipSync(inner, { level: 1 }) : brotliCompressSync(inner, QUICK),
    plain,
  );
  return {
    said,
    bytes,
    headers: {
      ...(encode.length > 0 && { "content-encoding": encode.join(", ") }),
      ...(sized && { "content-length": String(bytes.length) }),
      ...said.headers,
    },
  };
}

const QUICK = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

function answer(response: ServerResponse, { said, bytes, headers }: Answer): void {
  if (said.ends === "silent") return;
  response.writeHead(said.status ?? 200, headers);
  response.flushHeaders();
  if (bytes.length === 0) continueAs(response, said);
  else response.write(bytes, () => continueAs(response, said));
}

function continueAs(response: ServerResponse, { ends = "well", everyMs = 20 }: Said): void {
  if (ends === "well") response.end();
  if (ends === "cut") response.destroy();
  if (ends === "endless") pour(response);
  if (ends !== "drip") return;
  const timer = setInterval(() => response.write(Uint8Array.of(0)), everyMs);
  response.once("close", () => clearInterval(timer));
}

const POURED = Buffer.alloc(64 * 1024);

/** As fast as the other side takes it, until it has gone. */
function pour(response: ServerResponse): void {
  while (!response.destroyed)
    if (!response.write(POURED)) return void response.once("drain", () => pour(response));
}
