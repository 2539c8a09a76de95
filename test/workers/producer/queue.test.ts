import {
  createExecutionContext,
  createMessageBatch,
  createScheduledController,
  getQueueResult,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import type { IntakeMessage } from "../../../shared/job/message.ts";
import worker from "../../../workers/producer/index.ts";
import { emulator } from "../../support/producer.ts";

const bindings = (given: Record<string, unknown> = {}) =>
  ({
    ...env,
    EMULATOR_URL: emulator().url,
    JWT_ACCESS_KEY: emulator().key,
    ...given,
  }) as unknown as ProducerEnv;

const errors = vi.spyOn(console, "error").mockImplementation(() => undefined);
afterEach(() => errors.mockClear());
const logged = () => errors.mock.calls.map(([line]) => JSON.parse(String(line)).event);

async function deliver(body: unknown, given?: Record<string, unknown>) {
  const batch = createMessageBatch<IntakeMessage>("mintline-intake", [
    { id: "m", timestamp: new Date(0), attempts: 1, body: body as IntakeMessage },
  ]);
  await worker.queue(batch, bindings(given));
  return getQueueResult(batch, createExecutionContext());
}

test("a message for a batch that has nothing to do is acked", async () => {
  expect(await deliver({ v: 1, b: "bat_none" })).toMatchObject({ explicitAcks: ["m"], retryMessages: [] });
});

test("a message that another version wrote is acked and logged: the sweep sends ours", async () => {
  for (const body of [{ v: 2, b: "bat_1" }, "text", null]) {
    expect((await deliver(body)).explicitAcks).toEqual(["m"]);
  }
  expect(logged()).toEqual(Array(3).fill("intake.unreadable_message"));
});

test("a failure of ours brings the message back", async () => {
  const DB = {
    prepare() {
      throw new Error("D1 is down");
    },
  };
  expect(await deliver({ v: 1, b: "bat_1" }, { DB })).toMatchObject({
    explicitAcks: [],
    retryMessages: [{ msgId: "m" }],
  });
  expect(logged()).toEqual(["intake.failed"]);
});

test("without a configuration everything comes back, and the sweep says why it rests", async () => {
  const broken = { JWT_ACCESS_KEY: undefined };
  expect(await deliver({ v: 1, b: "bat_1" }, broken)).toMatchObject({
    explicitAcks: [],
    retryBatch: { retry: true },
  });
  await worker.scheduled(createScheduledController(), bindings(broken));
  expect(logged()).toEqual(["config.invalid", "config.invalid"]);
});
