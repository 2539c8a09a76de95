/**
 * 5,000 rows that name the files of a folder, through the CLI: half the art is missing at first, the same command
 * follows when it is there. And a video of 200 MB by name. What goes over the line is counted on the way.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, request as forward } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { MB } from "../../shared/limits.ts";
import { runCli } from "../cli/run-cli.ts";
import { temporaryState } from "../support/start.ts";
import { type BigFile, picture, pieces, video } from "./big-files.ts";
import { countCalls, onStage, type Stage } from "./stage.ts";

export type Folder = {
  readonly rows: number;
  readonly pictures: number;
  readonly first: Submitted;
  readonly second: Submitted;
  readonly third: Submitted;
  readonly video: { readonly requests: number; readonly largestMegabytes: number; readonly seconds: number };
};

/** `bodies`: requests that carried a file or a part of one. `told`: what the CLI said of missing and unused files. */
type Submitted = {
  readonly bodies: number;
  readonly tokens: number;
  readonly writes: number;
  readonly mediaFetches: number;
  readonly seconds: number;
  readonly told: readonly string[];
};

const ROWS = 5_000;
const PICTURES = 500;
const PICTURE_BYTES = 20_000;

export const measureFolder = (): Promise<Folder> =>
  onStage({}, async (stage) => {
    await stage.emulator.setSwitches({ uploadMaxBytes: 250 * MB });
    const work = await temporaryState();
    const line = await countingLine(stage.stack.url);
    try {
      const art = join(work.dir, "art");
      await mkdir(art);
      const sheet = join(work.dir, "relics.csv");
      const rows = Array.from({ length: ROWS }, (_, row) => `${row},Relic ${row},${row % PICTURES}.png\n`);
      await writeFile(sheet, `tokenId,name,image\n${rows.join("")}`);
      await put(art, picture(9_999, PICTURE_BYTES));
      const half = PICTURES / 2;
      for (let seed = 0; seed < half; seed += 1) await put(art, picture(seed, PICTURE_BYTES));
      const first = await submit(stage, line, sheet, art);
      for (let seed = half; seed < PICTURES; seed += 1) await put(art, picture(seed, PICTURE_BYTES));
      const second = await submit(stage, line, sheet, art);
      const third = await submit(stage, line, sheet, art);
      return {
        rows: ROWS,
        pictures: PICTURES,
        first,
        second,
        third,
        video: await sendVideo(stage, line, work.dir),
      };
    } finally {
      await line.close();
      await work.remove();
    }
  });

const put = (folder: string, file: BigFile): Promise<void> =>
  writeFile(join(folder, file.name), pieces(file));

async function submit(stage: Stage, line: Line, sheet: string, art: string): Promise<Submitted> {
  const before = await totals(stage);
  const from = line.bodies.length;
  const startedAt = performance.now();
  const ran = await runCli(
    [
      "submit",
      sheet,
      "--media",
      art,
      "--collection",
      String(stage.collectionId),
      "--on-invalid",
      "skip",
      "--watch",
    ],
    { url: line.url },
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await totals(stage);
  return {
    bodies: line.bodies.slice(from).filter(({ path }) => /^\/v1\/(media-sets|uploads)\//.test(path)).length,
    tokens: after.tokens - before.tokens,
    writes: after.writes - before.writes,
    mediaFetches: after.mediaFetches - before.mediaFetches,
    seconds,
    told: `${ran.stdout}${ran.stderr}`
      .split("\n")
      .filter((one) => /used by no|uploaded|missing|left out/.test(one))
      .slice(0, 4),
  };
}

async function totals(stage: Stage): Promise<{ tokens: number; writes: number; mediaFetches: number }> {
  const methods = ["CreateToken", "CreateAsset", "UploadAsset", "UpdateToken"];
  const counts = await Promise.all(methods.map((method) => countCalls(stage, method)));
  return {
    tokens: counts[0] ?? 0,
    writes: counts.reduce((sum, count) => sum + count, 0),
    mediaFetches: await stage.emulator.mediaCalls(null),
  };
}

async function sendVideo(stage: Stage, line: Line, folder: string): Promise<Folder["video"]> {
  const art = join(folder, "film");
  await mkdir(art);
  await put(art, video(7, 200 * MB));
  const sheet = join(folder, "film.csv");
  await writeFile(sheet, "tokenId,name,video\n900001,Film,7.mp4\n");
  const from = line.bodies.length;
  const startedAt = performance.now();
  const ran = await runCli(
    ["submit", sheet, "--media", art, "--collection", String(stage.collectionId), "--watch"],
    { url: line.url },
  );
  if (ran.code !== 0) throw new Error(`${ran.stdout}${ran.stderr}`);
  const sent = line.bodies.slice(from);
  return {
    requests: sent.filter(({ bytes }) => bytes > 1 * MB).length,
    largestMegabytes: Math.max(...sent.map(({ bytes }) => bytes)) / MB,
    seconds: (performance.now() - startedAt) / 1_000,
  };
}

type Line = {
  readonly url: string;
  readonly bodies: { readonly path: string; readonly bytes: number }[];
  close(): Promise<void>;
};

/** Passes everything on and notes each request that had a body. */
async function countingLine(to: string): Promise<Line> {
  const bodies: { path: string; bytes: number }[] = [];
  const server = createServer((incoming, outgoing) => {
    let bytes = 0;
    const path = incoming.url ?? "/";
    const passed = forward(
      new URL(path, to),
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    passed.on("error", () => outgoing.destroy());
    incoming.on("data", (chunk: Uint8Array) => {
      bytes += chunk.length;
    });
    incoming.on("end", () => {
      if (bytes > 0) bodies.push({ path, bytes });
    });
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
