/** Both Workers with the stand-in and a media host around them, and what the tests do with the four. */

import type { Batch } from "../../shared/api/contract.ts";
import { must, type RunningWorkers, startWorkers, untilResting } from "../support/workers.ts";
import { type MediaHost, startMediaHost } from "./media-host.ts";
import { type Call, type StandIn, startStandIn } from "./stand-in.ts";

export type Scene = {
  readonly service: StandIn;
  readonly media: MediaHost;
  readonly workers: RunningWorkers;
  newCollection(name: string, published?: boolean): Promise<number>;
  /** Submits, and waits until the batch rests. */
  run(file: Uint8Array<ArrayBuffer>, query: Record<string, string>): Promise<Batch>;
  /** What was asked of the service while `work` ran. */
  during<T>(work: () => Promise<T>): Promise<{ value: T; calls: Call[] }>;
  /** Makes the tokens 1 to `count` past Mintline. @returns how they stand, whenever it is called. */
  makeByHand(collectionId: number, count: number): () => string;
  close(): Promise<void>;
};

export async function openScene(): Promise<Scene> {
  const [service, media] = await Promise.all([startStandIn(), startMediaHost()]);
  const workers = await startWorkers(service.key, {
    METADATA_URL: service.url,
    MEDIA_PRIVATE_HOSTS: new URL(media.url).host,
  });
  const { client } = workers;
  return {
    service,
    media,
    workers,
    async newCollection(name, published = true) {
      const { id } = must(await client.createCollection({ name }));
      if (published) must(await client.publishCollection(id));
      return id;
    },
    run: async (file, query) => untilResting(client, must(await client.submit(file, { query })).id),
    async during(work) {
      const before = service.calls.length;
      const value = await work();
      return { value, calls: service.calls.slice(before) };
    },
    makeByHand(collectionId, count) {
      const ids = Array.from({ length: count }, (_, index) => String(index + 1));
      for (const tokenId of ids) {
        const token = { tokenId, name: `By hand ${tokenId}`, properties: { z: 1, a: tokenId } };
        service.byHand("CreateToken", { collectionId, token });
      }
      return () =>
        JSON.stringify(ids.map((tokenId) => service.byHand("GetToken", { collectionId, tokenId })));
    },
    async close() {
      await workers.close();
      await Promise.all([service.close(), media.close()]);
    },
  };
}

/** The whole path of a row that is new. */
export const FOUR = ["CreateToken", "CreateAsset", "Upload", "UpdateToken"];

/** Without credentials, as anybody sees it. */
export async function bytesAt(url: string): Promise<{ status: number; bytes: Uint8Array }> {
  const answer = await fetch(url);
  return { status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()) };
}
