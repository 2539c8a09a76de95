/**
 * A media host of large files, made as they are sent: PNGs and MP4s of any size, each with bytes of its own. Kept
 * apart from the emulator's, which would hold each file in memory and answers everything else beside it.
 */
import { createHash, type Hash } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type BigFile = { readonly name: string; readonly bytes: number; readonly seed: number };

export type BigFileHost = {
  readonly host: string;
  /** @param chunked without a Content-Length, as many hosts answer */
  url(file: BigFile, chunked?: boolean): string;
  /** How often each file was asked for. */
  readonly asked: Map<string, number>;
  close(): Promise<void>;
};

export const picture = (seed: number, bytes: number): BigFile => ({ name: `${seed}.png`, bytes, seed });
export const video = (seed: number, bytes: number): BigFile => ({ name: `${seed}.mp4`, bytes, seed });

const PIECE_BYTES = 256 * 1024;

export async function serveBigFiles(): Promise<BigFileHost> {
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    const [, bytes = "0", seed = "0", name = ""] = pathname.split("/");
    asked.set(name, (asked.get(name) ?? 0) + 1);
    send({ name, bytes: Number(bytes), seed: Number(seed) }, searchParams.has("chunked"), response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    asked,
    url: ({ name, bytes, seed }, chunked = false) =>
      `http://${host}/${bytes}/${seed}/${name}${chunked ? "?chunked" : ""}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export function sha256Of(file: BigFile): string {
  const hash: Hash = createHash("sha256");
  for (const piece of pieces(file)) hash.update(piece);
  return hash.digest("hex");
}

function send(file: BigFile, chunked: boolean, response: ServerResponse): void {
  response.setHeader("content-type", "application/octet-stream");
  if (!chunked) response.setHeader("content-length", file.bytes);
  const left = pieces(file);
  const go = (): void => {
    for (let next = left.next(); !next.done; next = left.next()) {
      if (!response.write(next.value)) return void response.once("drain", go);
    }
    response.end();
  };
  go();
}

/** The file's head and then noise of the seed's own, so that no two files and no two places in one are alike. */
export function* pieces({ name, bytes, seed }: BigFile): Generator<Uint8Array> {
  const head = name.endsWith(".mp4") ? MP4_HEAD : PNG_HEAD;
  const block = new Uint8Array(PIECE_BYTES);
  const words = new Uint32Array(block.buffer);
  for (let at = 0, value = seed + 1; at < words.length; at += 1) {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    words[at] = value;
  }
  for (let at = 0; at < bytes; at += PIECE_BYTES) {
    const piece = block.slice(0, Math.min(PIECE_BYTES, bytes - at));
    if (at === 0) piece.set(head.subarray(0, piece.length));
    else new DataView(piece.buffer).setUint32(0, at);
    yield piece;
  }
}

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

/** Signature and header of a 16 × 16 picture, and the beginning of a chunk of picture data that never ends. */
const PNG_HEAD = latin1(
  "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0\x90\x91\x68\x36\x7f\xff\xff\xffIDAT",
);
/** The box that names the brand, and the beginning of one with frames. */
const MP4_HEAD = latin1("\0\0\0\x18ftypisom\0\0\x02\0isomiso2\x7f\xff\xff\xffmdat");
