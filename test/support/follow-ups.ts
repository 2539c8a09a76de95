/** Follow-ups as people ask for them, over HTTP, with intake and deliveries carried by hand. */
import { emulatorIn } from "./consumer.ts";
import { drain, intakeRun, target } from "./intake.ts";
import { carryOn, putPicture, runBatch } from "./pipeline.ts";
import { type Answer, producer } from "./producer.ts";

export const api = producer();
export const emulator = emulatorIn();

type Verb = "publish" | "unpublish" | "verify";
export const ask = (verb: Verb, id: string): Promise<Answer> => api.post(`/v1/batches/${id}/${verb}`);

/** The intake of a follow-up: its jobs are copied, nothing runs yet. */
export const takeIn = (id: string) =>
  drain(
    id,
    intakeRun({
      config: {
        target,
        metadataUrl: emulator.url,
        mediaPrivateHosts: [emulator.host],
        maxCallsPerSecond: null,
      },
    }),
  );

/** Asks, and carries everything to its end. @returns the follow-up as it is then. */
export async function followUp(verb: Verb, id: string): Promise<Answer["body"]> {
  const asked = await ask(verb, id);
  if (asked.status > 202) throw new Error(`${asked.status} ${asked.text}`);
  const followUpId = String(asked.body.id);
  await takeIn(followUpId);
  await carryOn();
  return (await api.ask(`/v1/batches/${followUpId}`)).body;
}

/** So many rows with a picture each, from a media set of their own. */
export async function staged(
  rows: number,
  given: { collectionId: number; publish?: boolean; name?: (id: number) => string },
): Promise<string> {
  const set = `set-${given.collectionId}`;
  for (let id = 1; id <= rows; id += 1) await putPicture(set, `${id}.png`, id);
  const name = given.name ?? ((id: number) => `Relic ${id}`);
  const lines = Array.from({ length: rows }, (_, n) => `${n + 1},${name(n + 1)},${n + 1}.png\n`);
  return runBatch(`tokenId,name,image\n${lines.join("")}`, {
    collectionId: given.collectionId,
    options: { publish: given.publish ?? false, mediaSet: set },
  });
}

export const isPublic = async (collectionId: number, tokenId: string): Promise<boolean> => {
  const seen = await emulator.seePublic(`/projects/1/collections/${collectionId}/tokens/${tokenId}.json`);
  await seen.body?.cancel();
  return seen.status === 200;
};

/** The methods called about tokens of a collection since the last time. */
export function ear(collectionId: number): () => Promise<string[]> {
  let heard = 0;
  return async () => {
    const calls = await emulator.calls(collectionId);
    const since = calls.slice(heard).map(({ method }) => method);
    heard = calls.length;
    return since.filter((method) => !["PublicRead", "GetCollection"].includes(method));
  };
}
