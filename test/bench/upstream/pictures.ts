/** A picture for each number: a whole PNG, small, and no two alike. */
import { crc32, deflateSync } from "node:zlib";

export const PICTURE_SIDE = 16;

export function picture(number: number): Buffer {
  return Buffer.concat([HEAD, chunk("tEXt", Buffer.from(`Number\0${number}`)), TAIL]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}

function header(): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(PICTURE_SIDE, 0);
  data.writeUInt32BE(PICTURE_SIDE, 4);
  data.set([8, 6, 0, 0, 0], 8); // eight bits, RGBA
  return chunk("IHDR", data);
}

/** Pixels that do not compress, so that the file has the weight of a small picture: about 1 kB. */
function pixels(): Buffer {
  const row = PICTURE_SIDE * 4 + 1;
  const raw = Uint8Array.from({ length: row * PICTURE_SIDE }, (_, at) =>
    at % row === 0 ? 0 : Math.imul(at, 2_654_435_761) >>> 24,
  );
  return chunk("IDAT", deflateSync(raw));
}

const HEAD = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), header()]);
const TAIL = Buffer.concat([pixels(), chunk("IEND", Buffer.alloc(0))]);
