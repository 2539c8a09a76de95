/** Made-up rows, the same for the same seed, with what the public must see of them. */
import { createHash } from "node:crypto";
import { picture } from "../../emulator/picture.ts";
import { dice } from "./dice.ts";

export type MadeRow = {
  readonly tokenId: string;
  readonly cells: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** URLs by field; what lies behind one says `hashAt`. */
  readonly media: ReadonlyMap<string, string>;
};

export type MadeFile = { readonly csv: Uint8Array<ArrayBuffer>; readonly rows: readonly MadeRow[] };

export type Wanted = {
  readonly seed: number;
  readonly count: number;
  /** Origin of the emulator whose media host draws the pictures. */
  readonly mediaUrl: string;
  /** The first token id. @default 1 */
  readonly from?: number;
  /** Every so many-th row has a second file, in `animation_url`. @default none */
  readonly secondFileEvery?: number;
};

const HEADER =
  "tokenId,name,description,image,animation_url,external_url,decimals,properties,attributes[Kind],attributes[Level],Code";
const KINDS = ["Cup", "Key, rusty", 'The "Blue" Lamp', "Späte Münze", "古い地図"] as const;

/** Every so many-th token id is one of contracts that number in their own ways: far above 2^53. */
const HUGE_ID_EVERY = 50;

export function makeFile(wanted: Wanted): MadeFile {
  const random = dice(wanted.seed);
  const rows = Array.from({ length: wanted.count }, (_, index) =>
    makeRow((wanted.from ?? 1) + index, wanted, random),
  );
  const lines = rows.map(({ cells }) => cells.map(quoted).join(","));
  return {
    csv: new TextEncoder().encode(`${[HEADER, ...lines].join("\n")}\n`),
    rows,
  };
}

function makeRow(number: number, { seed, mediaUrl, secondFileEvery }: Wanted, random: () => number): MadeRow {
  const kind = KINDS[Math.floor(random() * KINDS.length)] ?? KINDS[0];
  const level = Math.floor(random() * 100);
  const code = String(Math.floor(random() * 1_000)).padStart(4, "0");
  const tokenId = number % HUGE_ID_EVERY === 0 ? String(2n ** 200n + BigInt(number)) : String(number);
  const name = `${kind} no. ${number}`;
  const description = random() < 0.5 ? `Found at level ${level}, "as it lay".` : "";
  const image = `${seed}-${number}.png`;
  const second =
    secondFileEvery !== undefined && number % secondFileEvery === 0 ? `${seed}-${number}-moving.png` : null;
  const at = (file: string | null) => (file === null ? "" : `${mediaUrl}${GENERATED}${file}`);
  const external = `https://relics.example/${number}`;
  const properties = { series: number % 7, from: { sea: true } };
  return {
    tokenId,
    cells: [
      tokenId,
      name,
      description,
      at(image),
      at(second),
      external,
      "0",
      JSON.stringify(properties),
      kind,
      String(level),
      code,
    ],
    metadata: {
      name,
      description,
      external_url: external,
      decimals: 0,
      properties,
      attributes: [
        { trait_type: "Kind", value: kind },
        { trait_type: "Level", value: level },
        { trait_type: "Code", value: code },
      ],
    },
    media: new Map([
      ["image", at(image)],
      ...(second === null ? [] : [["animation_url", at(second)] as const]),
    ]),
  };
}

const GENERATED = "/media/generated/";

/** SHA-256 of the picture that an emulator draws behind a URL; undefined for what it does not draw. */
export function hashAt(url: string): string | undefined {
  const { pathname } = new URL(url);
  if (!pathname.startsWith(GENERATED)) return undefined;
  return createHash("sha256")
    .update(picture(pathname.slice(GENERATED.length)))
    .digest("hex");
}

const quoted = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
