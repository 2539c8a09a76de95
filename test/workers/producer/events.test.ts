/** Server-sent events: what EventSource gets, also when it comes back. */

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { openDb, sql } from "../../../shared/store/db.ts";
import { d1With } from "../../support/d1.ts";
import { db, producer, target } from "../../support/producer.ts";
import { seedBatch } from "../../support/rows.ts";

type Event = { event: string; id: string; data: Record<string, unknown> };

async function listen(id: string, lastEventId?: string, api = producer()) {
  const headers: Record<string, string> = lastEventId ? { "last-event-id": lastEventId } : {};
  const response = await api.fetch(`/v1/batches/${id}/events`, { headers });
  const reader = (response.body ?? new ReadableStream<Uint8Array>())
    .pipeThrough(new TextDecoderStream())
    .getReader();
  let text = "";
  const next = async (): Promise<Event | null> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end < 0) {
        const { done, value } = await reader.read();
        if (done) return null;
        text += value;
        continue;
      }
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? "";
      if (field("event") !== "") {
        return { event: field("event"), id: field("id"), data: JSON.parse(field("data")) };
      }
    }
  };
  return { response, next, close: () => reader.cancel() };
}

const seed = (given: Parameters<typeof seedBatch>[1] = {}) => seedBatch(db, { target: target(), ...given });
const set = (id: string, columns: string) => db.run(sql(`UPDATE batches SET ${columns} WHERE id = ?1`, id));
const FINISH = "state = 'finished', finished_at = 5, pending = 0, completed = 3";

describe("the events of a batch", () => {
  test("are the batch now, the batch when it changes, and the end", async () => {
    const id = await seed({ rows: 3 });
    const { response, next } = await listen(id);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    expect(await next()).toMatchObject({ event: "batch", data: { id, state: "running" } });
    await set(id, FINISH);
    expect(await next()).toMatchObject({ event: "batch", data: { state: "finished" } });
    expect(await next()).toMatchObject({ event: "end", data: { state: "finished" } });
    expect(await next()).toBeNull();
  });

  test("go on after Last-Event-ID: what was seen is not said again", async () => {
    const id = await seed({ rows: 3 });
    const first = await listen(id);
    const seen = await first.next();
    await first.close();
    await set(id, FINISH);
    const again = await listen(id, seen?.id);
    const changed = await again.next();
    expect(changed).toMatchObject({ event: "batch", data: { state: "finished" } });
    await again.close();
    const last = await listen(id, changed?.id);
    expect(await last.next()).toMatchObject({ event: "end" });
  });

  test("of an unknown batch are a problem, and so is an unknown parameter", async () => {
    const api = producer();
    expect(await api.ask("/v1/batches/bat_00000000000000000000000000/events")).toMatchObject({
      status: 404,
      body: { code: "batch.not_found" },
    });
    expect((await api.ask(`/v1/batches/${await seed()}/events?x=1`)).status).toBe(400);
  });

  test("cost D1 the same for a hundred listeners as for one", async () => {
    const id = await seed({ rows: 3 });
    let reads = 0;
    const DB = d1With((statements, really) => {
      reads += 1;
      return really(statements);
    });
    const api = producer({ DB });
    const listeners = await Promise.all(Array.from({ length: 100 }, () => listen(id, undefined, api)));
    await Promise.all(listeners.map(({ next }) => next()));
    reads = 0;
    await openDb(env.DB).run(sql(`UPDATE batches SET ${FINISH} WHERE id = ?1`, id));
    const ends = await Promise.all(listeners.map(async ({ next }) => [await next(), await next()]));
    expect(ends.every(([, end]) => end?.event === "end")).toBe(true);
    // Each looks once a second; a hundred looking for themselves would be a hundred a second.
    expect(reads).toBeLessThanOrEqual(10);
  });
});
