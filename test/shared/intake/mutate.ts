/** Files as nobody means them: the corpus with bytes flipped, lost, doubled, spliced and recoded. Seeded. */

/** Numbers below `below`, the same for the same seed (xorshift, 32 bits). */
export type Random = (below: number) => number;

export function randomOf(seed: number): Random {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

/** What parsers trip over. */
const TOKENS: readonly string[] = [
  '"',
  '""',
  '"""',
  ",",
  ";",
  ";;",
  "\t",
  "|",
  "\n",
  "\r",
  "\r\n",
  "\0",
  " ",
  "\u00a0",
  "\ufeff",
  "\u2028",
  "\ufffd",
  "{",
  "}",
  "[",
  "]",
  ":",
  "\\",
  '\\"',
  "\\u0000",
  "\\ud800",
  "null",
  "true",
  "[[",
  '{"a":',
  "},{",
  "]}",
  "é",
  "𝄞",
  "FALSE\n",
  ",,,FALSE\n",
  "#REF!",
  "1e999",
  "-0",
  "0x",
  "1.23457E+17",
  "12345678901234567890",
  "__proto__",
  "constructor",
  "tokenId",
  "name",
  "_token_id",
  "metadata",
  "attributes",
  "sep=;\n",
  "data:image/png;base64,",
  "https://example.com/",
  "ipfs://",
  "C:\\art\\1.png",
  "../",
  "{id}",
  "[".repeat(300),
  '"'.repeat(99),
];

const BOMS = [
  [0xef, 0xbb, 0xbf],
  [0xff, 0xfe],
  [0xfe, 0xff],
  [0x50, 0x4b, 3, 4],
];

type Change = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

const cut = (bytes: Buffer, random: Random): [number, number] => {
  const from = random(bytes.length + 1);
  return [from, Math.min(bytes.length, from + random(1 + Math.min(64, bytes.length)))];
};

const CHANGES: readonly Change[] = [
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    for (let times = 1 + random(4); times > 0 && copy.length > 0; times -= 1)
      copy[random(copy.length)] = random(4) === 0 ? random(256) : 32 + random(95);
    return copy;
  },
  (bytes, random) => {
    const at = random(bytes.length + 1);
    const token = TOKENS[random(TOKENS.length)] ?? "";
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(token), bytes.subarray(at)]);
  },
  (bytes, random) => {
    const [from, to] = cut(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, random) => {
    const [from, to] = cut(bytes, random);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  (bytes, random, other) =>
    Buffer.concat([bytes.subarray(0, random(bytes.length + 1)), other.subarray(random(other.length + 1))]),
  (bytes, random) => Buffer.concat([Buffer.from(BOMS[random(BOMS.length)] ?? []), bytes]),
  (bytes, random) => {
    const wide = Buffer.from(`\ufeff${bytes.toString("utf8")}`, "utf16le");
    return random(2) === 0 ? wide : wide.swap16();
  },
  (bytes) => Buffer.from(bytes.toString("latin1").replaceAll(",", ";"), "latin1"),
  (bytes) => Buffer.concat([bytes, bytes]),
];

/** One to six changes. */
export function mutated(bytes: Buffer, random: Random, other: Buffer): Buffer {
  let changed = bytes;
  for (let times = 1 + random(6); times > 0; times -= 1)
    changed = CHANGES[random(CHANGES.length)]?.(changed, random, other) ?? changed;
  // Doubled again and again it would only be slow.
  return changed.subarray(0, 20_000);
}
