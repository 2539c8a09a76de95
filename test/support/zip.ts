/** ZIPs made by hand, so that they can be wrong in every way. Entries are stored, not compressed, unless said. */
import { crc32, deflateRawSync } from "node:zlib";

export type ZipEntry = {
  readonly name: string;
  readonly bytes: string | Buffer;
  readonly deflated?: boolean;
  /** In place of what is true. */
  readonly crc?: number;
  readonly size?: number;
  /** General purpose flags; bit 0 is encryption. */
  readonly flags?: number;
  /** Unix mode with its type, such as 0o120777 for a link. */
  readonly mode?: number;
};

const u16 = (value: number): Buffer => Buffer.from([value & 255, (value >> 8) & 255]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

/** @param zip64 sizes and places in the fields for archives over 4 GB. */
export function zipOf(entries: readonly ZipEntry[], { zip64 = false } = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const bytes = Buffer.from(entry.bytes);
    const data = entry.deflated ? deflateRawSync(bytes) : bytes;
    const name = Buffer.from(entry.name);
    const common = [
      u16((entry.flags ?? 0) | 0x800),
      u16(entry.deflated ? 8 : 0),
      u32(0x58210000),
      u32(entry.crc ?? crc32(bytes)),
    ];
    const size = entry.size ?? bytes.length;
    const local = Buffer.concat([
      Buffer.from("PK\u0003\u0004"),
      u16(45),
      ...common,
      u32(data.length),
      u32(size),
      u16(name.length),
      u16(0),
      name,
    ]);
    const extra = zip64
      ? Buffer.concat([u16(1), u16(24), u64(size), u64(data.length), u64(offset)])
      : Buffer.alloc(0);
    const told = (value: number): Buffer => u32(zip64 ? 0xffffffff : value);
    directory.push(
      Buffer.concat([
        Buffer.from("PK\u0001\u0002"),
        u16(0x032d),
        u16(45),
        ...common,
        told(data.length),
        told(size),
        u16(name.length),
        u16(extra.length),
        u16(0),
        u16(0),
        u16(0),
        u32((entry.mode ?? 0o100644) << 16),
        told(offset),
        name,
        extra,
      ]),
    );
    parts.push(local, data);
    offset += local.length + data.length;
  }
  const central = Buffer.concat(directory);
  const count = u16(zip64 ? 0xffff : entries.length);
  const end64 = [
    Buffer.concat([
      Buffer.from("PK\u0006\u0006"),
      u64(44),
      u16(45),
      u16(45),
      u32(0),
      u32(0),
      u64(entries.length),
      u64(entries.length),
      u64(central.length),
      u64(offset),
    ]),
    Buffer.concat([Buffer.from("PK\u0006\u0007"), u32(0), u64(offset + central.length), u32(1)]),
  ];
  const end = Buffer.concat([
    Buffer.from("PK\u0005\u0006"),
    u16(0),
    u16(0),
    count,
    count,
    u32(central.length),
    u32(zip64 ? 0xffffffff : offset),
    u16(0),
  ]);
  return Buffer.concat([...parts, central, ...(zip64 ? end64 : []), end]);
}
