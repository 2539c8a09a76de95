/** Dead rows of batches that ran in workerd: edited, replayed and looked at over HTTP. */
import { expect } from "vitest";
import * as z from "zod";
import { JobMessage } from "../../shared/job/message.ts";
import { deliver, emulatorIn } from "./consumer.ts";
import { violationsIn } from "./invariants.ts";
import { carryOn, db } from "./pipeline.ts";
import { producer } from "./producer.ts";
import { counters } from "./rows.ts";

export const emulator = emulatorIn();
export const api = producer({ MEDIA_PRIVATE_HOSTS: emulator.host });

export const good = (name: string): string => `${emulator.url}/media/generated/${name}.png`;
export const bad = (name: string): string => `${emulator.url}/media/nowhere/${name}.png`;

export const patch = (path: string, body: unknown, type = "application/json") =>
  api.ask(path, {
    method: "PATCH",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": type },
  });
export const edit = (jobId: string, cells: Record<string, unknown>) =>
  patch(`/v1/dead-letters/${jobId}`, { cells });
export const patchCsv = (batchId: string, csv: string) =>
  patch(`/v1/dead-letters?batchId=${batchId}`, csv, "text/csv");
export const replay = async (filter: Record<string, unknown>) => {
  const { body } = await api.post("/v1/dead-letters/replay", { filter });
  const sent = z.array(JobMessage).parse(api.sent.jobs.splice(0));
  await deliver(sent.map(({ b, l }) => ({ batchId: b, line: l })));
  await carryOn();
  return (await api.ask(`/v1/replays/${body.id}`)).body;
};
export const results = async (id: string, kind: string) =>
  (await api.ask(`/v1/batches/${id}/results/${kind}.csv`)).text;
export const linesOf = async (query: string) =>
  (await api.ask(`/v1/dead-letters?${query}`)).body.items.map(({ line }) => line);

export async function agreed(
  id: string,
  handMade: { collectionId: number; tokenId: string }[] = [],
): Promise<void> {
  const { stored, counted } = await counters(db, id);
  expect(stored).toEqual(counted);
  expect(await violationsIn(db, { batchIds: [id], handMade })).toEqual([]);
}

/** The API as somebody whose token `t` has this role. */
export async function tokenOf(role: string) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("t"));
  const hash = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return producer({ API_TOKENS: `ops:${role}:${hash}` });
}
