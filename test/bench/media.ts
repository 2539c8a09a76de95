/**
 * What media costs: memory while large files stream, requests while many rows need one picture, bytes while a folder
 * is sent again. Prints a table; with `--json` one JSON object as the last line. Some minutes; Linux, for /proc.
 */
import { type Folder, measureFolder } from "./folder.ts";
import { measureShared, type Shared } from "./one-picture.ts";
import { measureStreaming, type Streaming } from "./streaming.ts";

export type MediaFigures = {
  readonly streaming: Streaming;
  readonly shared: readonly Shared[];
  readonly folder: Folder;
};

export async function measureMedia(tell: (line: string) => void): Promise<MediaFigures> {
  const streaming = await measureStreaming();
  const { bare, bareParts, declared, chunked } = streaming;
  for (const [name, cost] of Object.entries({ bare, bareParts, declared, chunked })) {
    tell(
      `${streaming.megabytes} MB at once, ${name}: grows ${round(cost.growthMegabytes)} MB (${round(cost.ratio)} of bare), ${round(cost.megabytesPerSecond)} MB/s`,
    );
  }
  const shared: Shared[] = [];
  for (const [rows, pictures] of [
    [10_000, 1],
    [5_000, 500],
  ] as const) {
    const found = await measureShared(rows, pictures);
    shared.push(found);
    tell(
      `${rows} rows of ${pictures} addresses: ${found.fetches} fetches, ${found.uploads} uploads, ${round(found.seconds)} s`,
    );
  }
  const folder = await measureFolder();
  for (const name of ["first", "second", "third"] as const) {
    const { bodies, tokens, writes, mediaFetches, seconds } = folder[name];
    tell(
      `folder, ${name} time: ${bodies} file bodies sent, ${tokens} tokens made, ${writes} writes, ${mediaFetches} media fetches, ${round(seconds)} s`,
    );
  }
  const { requests, largestMegabytes, seconds } = folder.video;
  tell(
    `a video of 200 MB by name: ${requests} parts, the largest ${round(largestMegabytes)} MB, ${round(seconds)} s`,
  );
  return { streaming, shared, folder };
}

const round = (value: number): number => Math.round(value * 100) / 100;

if (import.meta.main) {
  const figures = await measureMedia(console.log);
  if (process.argv.includes("--json")) console.log(JSON.stringify(figures));
}
