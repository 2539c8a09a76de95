/** Queues and their consumers, of the stand-in's account. */
import type { Hono } from "hono";
import * as z from "zod";
import { refusal, success } from "./answers.ts";
import { nextId, type PlayAccount } from "./play-account.ts";

const QueueBody = z.looseObject({
  queue_name: z.string(),
  settings: z.looseObject({ message_retention_period: z.number() }).optional(),
});
const ConsumerBody = z.looseObject({
  script_name: z.string(),
  settings: z.looseObject({}),
  dead_letter_queue: z.string().optional(),
});

export function addQueues(app: Hono, account: PlayAccount): void {
  app.get("/queues", (c) => {
    const names = c.req.queries("name") ?? [];
    const found = account.queues.filter(({ queue_name }) => names.includes(queue_name));
    return c.json(success(found, { page: 1, per_page: 100, count: found.length, total_count: found.length }));
  });
  app.post("/queues", async (c) => {
    const { queue_name, settings } = QueueBody.parse(await c.req.json());
    if (account.queues.some((queue) => queue.queue_name === queue_name)) {
      return c.json(refusal(11009, "Queue name is already taken"), 409);
    }
    const queue = { queue_id: nextId(account), queue_name, settings: settings ?? {}, consumers: [] };
    account.queues.push(queue);
    return c.json(success(queue));
  });
  app.patch("/queues/:id", async (c) => {
    const queue = account.queues.find(({ queue_id }) => queue_id === c.req.param("id"));
    if (queue === undefined) return c.json(refusal(11000, "Queue does not exist"), 404);
    const body = z
      .looseObject({ settings: z.object({ message_retention_period: z.number() }) })
      .parse(await c.req.json());
    queue.settings = body.settings;
    return c.json(success(queue));
  });
  app.delete("/queues/:id", (c) => {
    const at = account.queues.findIndex(({ queue_id }) => queue_id === c.req.param("id"));
    if (at >= 0) account.queues.splice(at, 1);
    return c.json(success(null));
  });
  const queueOf = (id: string) => account.queues.find(({ queue_id }) => queue_id === id);
  app.get("/queues/:id/consumers", (c) => c.json(success(queueOf(c.req.param("id"))?.consumers ?? [])));
  app.post("/queues/:id/consumers", async (c) => {
    const queue = queueOf(c.req.param("id"));
    if (queue === undefined) return c.json(refusal(11000, "Queue does not exist"), 404);
    if (queue.consumers.length > 0) return c.json(refusal(11004, "Queue already has a consumer"), 409);
    const { script_name, ...rest } = ConsumerBody.parse(await c.req.json());
    queue.consumers.push({ consumer_id: nextId(account), script: script_name, ...rest });
    return c.json(success(null));
  });
  app.put("/queues/:id/consumers/:consumer", async (c) => {
    const queue = queueOf(c.req.param("id"));
    const { script_name, ...rest } = ConsumerBody.parse(await c.req.json());
    if (queue) queue.consumers = [{ consumer_id: c.req.param("consumer"), script: script_name, ...rest }];
    return c.json(success(null));
  });
  app.delete("/queues/:id/consumers/:consumer", (c) => {
    const queue = queueOf(c.req.param("id"));
    if (queue) queue.consumers = [];
    return c.json(success(null));
  });
}
