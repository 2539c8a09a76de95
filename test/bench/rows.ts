/** The rows that every rival gets: the same cells, the same pictures. */

export type Row = {
  readonly tokenId: string;
  readonly name: string;
  readonly description: string;
  readonly image: string;
  readonly attributes: readonly { readonly trait_type: string; readonly value: string }[];
};

const HUES = ["red", "green", "blue", "amber", "teal"] as const;
const RANKS = ["common", "rare", "epic"] as const;

/** @param firstId no two runs of one upstream may name the same token */
export const rowsOf = (upstreamUrl: string, count: number, firstId: number): Row[] =>
  Array.from({ length: count }, (_, index) => {
    const id = firstId + index;
    return {
      tokenId: String(id),
      name: `Relic ${id}`,
      description: `Number ${id} of the bench`,
      image: `${upstreamUrl}/media/${id}.png`,
      attributes: [
        { trait_type: "Hue", value: HUES[id % HUES.length] ?? "" },
        { trait_type: "Rank", value: RANKS[id % RANKS.length] ?? "" },
      ],
    };
  });

const HEADER = "tokenId,name,description,image,Hue,Rank";

/** The same as a file. */
export const csvOf = (rows: readonly Row[]): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode([HEADER, ...rows.map(lineOf), ""].join("\n"));

/** Rows so short that a million of them are still one body below 95 MB. */
export function shortCsvOf(upstreamUrl: string, count: number, firstId: number): Uint8Array<ArrayBuffer> {
  const line = (id: number): string => `${id},Relic ${id},${upstreamUrl}/media/${id}.png,${id % 7}`;
  const lines = Array.from({ length: count }, (_, index) => line(firstId + index));
  return new TextEncoder().encode(["tokenId,name,image,Hue", ...lines, ""].join("\n"));
}

const lineOf = ({ tokenId, name, description, image, attributes: [hue, rank] }: Row): string =>
  `${tokenId},${name},${description},${image},${hue?.value},${rank?.value}`;
