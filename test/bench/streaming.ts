/**
 * Twenty pictures of 20 MB and a video of 200 MB go through at once: what the runtime grows by, beside what a bare
 * put and get of the same bytes in R2 costs, each on a stack of its own that has done next to nothing before.
 */
import { MB } from "../../shared/limits.ts";
import { temporaryState } from "../support/start.ts";
import { csv } from "../support/workers.ts";
import { startBare } from "./bare-stack.ts";
import { type BigFile, type BigFileHost, picture, serveBigFiles, sha256Of, video } from "./big-files.ts";
import { residentBytes, watchMemory } from "./memory.ts";
import { onStage, type Stage } from "./stage.ts";

export type Streaming = {
  readonly megabytes: number;
  readonly bare: Cost;
  /** The same in parts: what R2 wants where nobody has said how many bytes will come. */
  readonly bareParts: Cost;
  /** From a host that says how long its files are, and from one that does not. */
  readonly declared: Cost;
  readonly chunked: Cost;
};

/** `ratio`: of the growth, to that of the bare one that takes its bytes in the same way; at most 1.5. */
type Cost = { readonly growthMegabytes: number; readonly megabytesPerSecond: number; readonly ratio: number };

const FILES: readonly BigFile[] = [
  ...Array.from({ length: 20 }, (_, index) => picture(index, 20 * MB)),
  video(99, 200 * MB),
];
const BYTES = FILES.reduce((sum, { bytes }) => sum + bytes, 0);
const WARMING_UP = picture(1_000, 2 * MB);

/** All of them in one delivery and side by side: six at a time are the usual. */
const AT_ONCE = { JOB_CONCURRENCY: String(FILES.length), QUEUE_BATCH_SIZE: String(FILES.length) };

export async function measureStreaming(): Promise<Streaming> {
  const host = await serveBigFiles();
  try {
    const bare = await measureBare(host, "");
    const bareParts = await measureBare(host, "/parts");
    const to = (cost: Cost, beside: Cost): Cost => ({
      ...cost,
      ratio: cost.growthMegabytes / beside.growthMegabytes,
    });
    const declared = to(await measureOurs(host, false), bare);
    const chunked = to(await measureOurs(host, true), bareParts);
    return { megabytes: BYTES / MB, bare, bareParts, declared, chunked };
  } finally {
    await host.close();
  }
}

async function measureBare(host: BigFileHost, path: "" | "/parts"): Promise<Cost> {
  const state = await temporaryState();
  const stack = await startBare("bare-r2", state.dir);
  const put = async (files: readonly BigFile[]): Promise<void> => {
    const body = files.map((file) => host.url(file)).join("\n");
    const answer = await fetch(`${stack.url}${path}`, { method: "POST", body });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    await answer.text();
  };
  try {
    await put([WARMING_UP]);
    return await costOf(() => put(FILES));
  } finally {
    await stack.stop();
    await state.remove();
  }
}

const measureOurs = (host: BigFileHost, chunked: boolean): Promise<Cost> =>
  onStage({ MEDIA_PRIVATE_HOSTS: host.host, ...AT_ONCE }, async (stage) => {
    await stage.emulator.setSwitches({ uploadMaxBytes: 250 * MB });
    const file = (files: readonly BigFile[], first: number) =>
      csv(
        "tokenId,name,image,video",
        files.map((one, index) => {
          const url = host.url(one, chunked);
          return `${first + index},File,${one.name.endsWith(".mp4") ? `,${url}` : `${url},`}`;
        }),
      );
    await stage.submit(file([WARMING_UP], 1_000));
    const cost = await costOf(async () => void (await stage.submit(file(FILES, 1))));
    await proveArrived(stage);
    return cost;
  });

async function proveArrived({ emulator, collectionId }: Stage): Promise<void> {
  const calls = await emulator.calls(collectionId);
  const arrived = new Set(calls.map(({ sha256 }) => sha256));
  const lost = FILES.filter((file) => !arrived.has(sha256Of(file)));
  if (lost.length > 0) throw new Error(`${lost.map(({ name }) => name)} did not arrive as they were sent`);
}

async function costOf(work: () => Promise<void>): Promise<Cost> {
  const before = residentBytes(process.pid);
  const watch = watchMemory(process.pid);
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  watch.stop();
  return {
    growthMegabytes: (watch.peak() - before) / MB,
    megabytesPerSecond: BYTES / MB / seconds,
    ratio: 1,
  };
}
