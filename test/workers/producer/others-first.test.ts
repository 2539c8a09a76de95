/** Intake stands back while somebody is being answered, and not for ever. */
import { Hono } from "hono";
import { expect, it } from "vitest";
import { LIMITS } from "../../../shared/limits.ts";
import { counted, letOthersFirst } from "../../../workers/producer/others-first.ts";

function held() {
  const end = Promise.withResolvers<void>();
  const app = new Hono();
  app.use(counted);
  app.get("/", async (c) => {
    await end.promise;
    return c.text("done");
  });
  app.onError((_, c) => c.text("failed", 500));
  return { answer: Promise.resolve(app.request("/")), end };
}

const patience = async (): Promise<number> => {
  const startedAt = Date.now();
  await letOthersFirst();
  return Date.now() - startedAt;
};

/** The shortest of some: what a busy machine adds is not its own. */
async function shortestPatience(): Promise<number> {
  const spans = [];
  for (let turn = 0; turn < 5; turn += 1) spans.push(await patience());
  return Math.min(...spans);
}

it("gives way for one turn only where nobody asks", async () => {
  expect(await shortestPatience()).toBeLessThan(LIMITS.intakeStandsBackMs / 2);
});

it("waits for an answer that is being made", async () => {
  const request = held();
  const order: string[] = [];
  const intake = letOthersFirst().then(() => order.push("intake"));
  await Promise.resolve();
  request.end.resolve();
  await request.answer.then(() => order.push("answer"));
  await intake;
  expect(order).toEqual(["answer", "intake"]);
});

it("but not for longer than a moment, nor for a request that has failed", async () => {
  const request = held();
  expect(await patience()).toBeGreaterThanOrEqual(LIMITS.intakeStandsBackMs - 1);
  request.end.reject(new Error("broken"));
  expect((await request.answer).status).toBe(500);
  expect(await shortestPatience()).toBeLessThan(LIMITS.intakeStandsBackMs / 2);
});
