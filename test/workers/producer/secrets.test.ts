import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLog, redact } from "../../../shared/log.ts";
import { emulatorAt } from "../../support/emulator.ts";
import { CSV, db, emulator, producer, target } from "../../support/producer.ts";
import { seedBatch } from "../../support/rows.ts";

const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  for (const level of ["info", "warn", "error", "log"] as const) {
    vi.spyOn(console, level).mockImplementation((...parts: unknown[]) => void lines.push(parts.join(" ")));
  }
});
afterEach(() => vi.restoreAllMocks());

test("the key is in no answer and no line of the log, whatever is asked and whatever goes wrong", async () => {
  const { key, url } = emulator();
  const api = producer({ PROJECT_ACCESS_KEY: "the-public-access-key" });
  const upstream = emulatorAt(url, key);
  const collectionId = await upstream.makeCollection();
  const batch = await seedBatch(db, { target: target(), collectionId });
  // A server that gives back what it was sent is the worst case: its words end up in messages and evidence.
  await upstream.setFaults({
    id: "echo",
    where: { collectionId, method: "PublishCollection" },
    what: { kind: "refuse", error: "ValidationFailed", cause: `bad header Authorization: Bearer ${key}` },
  });
  const bearer = { headers: { authorization: `Bearer ${key}` } };
  const answers = [
    await api.ask("/"),
    await api.ask("/healthz"),
    await api.ask("/v1/doctor"),
    await api.ask("/v1/batches"),
    await api.ask(`/v1/batches/${batch}`),
    await api.ask(`/v1/batches/${batch}/jobs`),
    await api.ask(`/v1/collections/${collectionId}`),
    await api.post(`/v1/collections/${collectionId}/publish`),
    await api.ask("/v1/batches", bearer),
    await api.ask(`/v1/batches/${key}`),
    await api.ask(`/v1/batches?limit=${key}`),
    await api.ask(`/v1/${key}`),
    await api.post("/v1/dead-letters/replay", { filter: { jobIds: [key] } }),
    await api.ask(`/v1/batches?collectionId=${key}`, { method: "POST", body: CSV }),
    await producer({ JWT_ACCESS_KEY: `${key}x` }).ask("/v1/collections"),
    await producer({
      DB: {
        prepare: () => {
          throw new Error(`Bearer ${key}`);
        },
      },
    }).ask("/v1/batches"),
  ];
  expect(answers.some(({ status }) => status === 500)).toBe(true);
  const everything = [...answers.map(({ text }) => text), ...lines].join("\n");
  expect(lines.length).toBeGreaterThan(0);
  for (const part of [key, key.split(".")[1], key.split(".")[2], "the-public-access-key"]) {
    expect(everything).not.toContain(part);
  }
});

test("a log line is one JSON object, without what looks like a secret", () => {
  const written: string[] = [];
  const log = createLog({ worker: "test" }, (level, line) => written.push(`${level} ${line}`)).with({
    requestId: "r",
  });
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  log.info("one.thing", { rows: 3, id: 2n ** 200n });
  log.error("went.wrong", { error: new Error("sent Bearer abc.def and eyJhbGciOi.eyJwcm9q.c2ln") });
  log.warn("odd", { cycle });
  const [info, error, warn] = written.map((line) => JSON.parse(line.slice(line.indexOf("{"))));
  expect(info).toEqual({
    level: "info",
    event: "one.thing",
    worker: "test",
    requestId: "r",
    rows: 3,
    id: String(2n ** 200n),
  });
  expect(error.error.message).toBe("sent Bearer [redacted] and [redacted]");
  expect(error.error.stack).not.toContain("abc.def");
  expect(warn).toMatchObject({ level: "warn", event: "odd" });
  expect(written.every((line) => !line.includes("\n"))).toBe(true);
  expect(redact("nothing to see: eyes, bearer of news")).toBe("nothing to see: eyes, bearer [redacted] news");
});
