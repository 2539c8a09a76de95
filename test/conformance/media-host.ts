/** Where the art of a collection lives before it is published: a plain file server that can lose a file. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const PICTURE = readFileSync("test/fixtures/media/tiny.jpg");

/** A JPEG of its own for each name: behind the first marker stands a comment with the name in it. */
export function pictureOf(name: string): Uint8Array<ArrayBuffer> {
  const comment = Buffer.from(name);
  const head = Buffer.from([0xff, 0xfe, 0, comment.length + 2]);
  return new Uint8Array(Buffer.concat([PICTURE.subarray(0, 2), head, comment, PICTURE.subarray(2)]));
}

export type MediaHost = {
  readonly url: string;
  /** The names that were asked for, in that order. */
  readonly asked: readonly string[];
  /** Files that answer 404 for as long as they stand here. */
  readonly lost: Set<string>;
  close(): Promise<void>;
};

export async function startMediaHost(): Promise<MediaHost> {
  const asked: string[] = [];
  const lost = new Set<string>();
  const server = createServer((request, response) => {
    const name = (request.url ?? "").slice(1);
    asked.push(name);
    if (lost.has(name)) {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("gone");
      return;
    }
    // A type that many hosts say and that is none: only the bytes tell what they are.
    response.writeHead(200, { "Content-Type": "image/jpg" }).end(pictureOf(name));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    lost,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
