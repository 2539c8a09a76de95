/** The part of Cloudflare's API that a deploy, Wrangler's own calls included, makes use of. */
import { Hono } from "hono";
import { addQueues } from "./account-queues.ts";
import { addStorage } from "./account-storage.ts";
import { addWorkers } from "./account-workers.ts";
import { refusal, success } from "./answers.ts";
import type { PlayAccount } from "./play-account.ts";

export function accountRoutes(account: PlayAccount): Hono {
  const app = new Hono();
  addQueues(app, account);
  addStorage(app, account);
  addWorkers(app, account);
  app.get("/subscriptions", (c) => {
    if (account.plan === "unreadable") return c.json(refusal(10000, "Authentication error"), 403);
    return c.json(success(account.plan === "paid" ? [{ rate_plan: { id: "workers_paid" } }] : []));
  });
  return app;
}
