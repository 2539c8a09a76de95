/** The real files of test/fixtures/media as bytes: inside workerd there is no disk, so Vite inlines them. */
import { hex } from "../../../shared/media/spool.ts";

const inlined = import.meta.glob<string>(
  "../../fixtures/media/*.{png,jpg,gif,webp,avif,svg,mp4,webm,mp3,wav,ogg,ogv,glb}",
  {
    query: "?url&inline",
    import: "default",
    eager: true,
  },
);

export function fixture(name: string): Uint8Array {
  const url = inlined[`../../fixtures/media/${name}`];
  if (url === undefined) throw new Error(`no fixture ${name}`);
  const comma = url.indexOf(",");
  const body = url.slice(comma + 1);
  return url.slice(0, comma).endsWith(";base64")
    ? Uint8Array.from(atob(body), (char) => char.charCodeAt(0))
    : new TextEncoder().encode(decodeURIComponent(body));
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A PNG of any size: signature, header and as much picture data as it takes; `seed` makes it another file. */
export function bigPng(size: number, seed = 1): Uint8Array {
  const file = new Uint8Array(size);
  // A block of odd length, so that no piece or part of the file equals another.
  const block = new Uint8Array(60_013);
  for (let at = 0, value = seed; at < block.length; at++) {
    value = (value * 1_103_515_245 + 12_345) % 2_147_483_648;
    block[at] = value >> 16;
  }
  for (let at = 0; at < size; at += block.length) file.set(block.subarray(0, size - at), at);
  file.set(fixture("tiny.png").subarray(0, 33));
  file.set([0x7f, 0xff, 0xff, 0xff, 0x49, 0x44, 0x41, 0x54], 33);
  return file;
}

export async function sha256(data: Uint8Array): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", data));
}

/** The data in pieces of `size`, one for each read. */
export function streamOf(data: Uint8Array, size = 64 * 1024): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= data.length) return controller.close();
      controller.enqueue(data.slice(at, at + size));
      at += size;
    },
  });
}
