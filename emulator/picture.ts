/**
 * picture.ts: small PNGs made from nothing but a name: a mirrored pattern in the name's own colour. The name
 * stands inside the file, so two names never give the same bytes.
 */
import { createHash } from "node:crypto";
import { crc32, deflateSync } from "node:zlib";

const cells = 7;
const pixelsPerCell = 16;
/** Two bits a pixel: a cell is four equal bytes, each four times its palette index. */
const bytesPerCell = 4;
const fourTimes = 0b01010101;
const sidePixels = cells * pixelsPerCell;
const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** The picture of a name: 112 × 112 pixels, some 200 bytes. */
export function picture(name: string): Uint8Array<ArrayBuffer> {
  const seed = createHash("sha256").update(name).digest();
  const header = Buffer.alloc(13);
  header.writeUInt32BE(sidePixels, 0);
  header.writeUInt32BE(sidePixels, 4);
  header.set([2, 3], 8);
  const chunks = [
    chunk("IHDR", header),
    chunk("PLTE", palette(seed)),
    chunk("tEXt", Buffer.from(`Title\0${encodeURIComponent(name)}`, "latin1")),
    chunk("IDAT", deflateSync(pixels(seed), { level: 1 })),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return new Uint8Array(Buffer.concat([signature, ...chunks]));
}

/** A file of exactly so many bytes: a picture with zeros behind it, or as much of one as fits. */
export function paddedPicture(bytes: number): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(bytes);
  padded.set(picture("padded").subarray(0, bytes));
  return padded;
}

/** Background and foreground: one hue, far enough apart in lightness to be seen in any theme. */
function palette(seed: Buffer): Buffer {
  const hue = (((seed[0] ?? 0) << 8) | (seed[1] ?? 0)) % 360;
  const turn = 20 + ((seed[2] ?? 0) % 50);
  return Buffer.from([
    ...rgb(hue, 0.55, 0.24),
    ...rgb((hue + turn) % 360, 0.75, 0.62),
    ...rgb(hue, 0.6, 0.42),
  ]);
}

function pixels(seed: Buffer): Buffer {
  const rows = Array.from({ length: cells }, (_, y) => {
    const row = Buffer.alloc(1 + cells * bytesPerCell);
    for (let x = 0; x < cells; x += 1) {
      const index = cellAt(seed, Math.min(x, cells - 1 - x), y);
      row.fill(index * fourTimes, 1 + x * bytesPerCell, 1 + (x + 1) * bytesPerCell);
    }
    return row;
  });
  return Buffer.concat(rows.flatMap((row) => Array<Buffer>(pixelsPerCell).fill(row)));
}

/** Palette index of a cell; the outermost ring stays background. */
function cellAt(seed: Buffer, x: number, y: number): number {
  if (x === 0 || y === 0 || y === cells - 1) return 0;
  const value = seed[4 + y * 4 + x] ?? 0;
  return value < 110 ? 0 : value < 200 ? 1 : 2;
}

function chunk(type: string, data: Buffer): Buffer {
  const framed = Buffer.alloc(12 + data.length);
  framed.writeUInt32BE(data.length, 0);
  framed.write(type, 4, "latin1");
  framed.set(data, 8);
  framed.writeUInt32BE(crc32(framed.subarray(4, 8 + data.length)), 8 + data.length);
  return framed;
}

/** HSL to RGB, each 0 to 255. */
function rgb(hue: number, saturation: number, lightness: number): number[] {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((offset) => {
    const at = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(at - 3, 9 - at, 1))));
  });
}
