/** The part of Cloudflare's API that a deploy, Wrangler's own calls included, makes use of. */
import { Hono } from "hono";
import * as z from "zod";
import { newDatabase, nextId, type PlayAccount, type PlayScript } from "./play-account.ts";
import { refusal, success } from "./stand-in.ts";

const Any = z.looseObject({});
const QueueBody = z.looseObject({
  queue_name: z.string(),
  settings: z.looseObject({ message_retention_period: z.number() }).optional(),
});
const ConsumerBody = z.looseObject({
  script_name: z.string(),
  settings: Any,
  dead_letter_queue: z.string().optional(),
});
const Metadata = z.looseObject({
  bindings: z.array(z.looseObject({ type: z.string(), name: z.string(), text: z.string().optional() })),
  keep_bindings: z.array(z.string()).default([]),
  migrations: z.looseObject({ new_tag: z.string() }).optional(),
  limits: z.json().optional(),
});

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

function addQueues(app: Hono, account: PlayAccount): void {
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

function addStorage(app: Hono, account: PlayAccount): void {
  const named = z.looseObject({ name: z.string() });
  app.get("/d1/database", (c) => {
    const found = [...account.databases].map(([uuid, { name }]) => ({ uuid, name }));
    return c.json(success(found, { page: 1, per_page: 100, count: found.length, total_count: found.length }));
  });
  app.post("/d1/database", async (c) => {
    const { name } = named.parse(await c.req.json());
    const uuid = nextId(account);
    account.databases.set(uuid, { name, sqlite: newDatabase() });
    return c.json(success({ uuid, name }));
  });
  app.get("/d1/database/:id", (c) => {
    const name = account.databases.get(c.req.param("id"))?.name;
    return name === undefined
      ? c.json(refusal(7404, "The database was not found"), 404)
      : c.json(success({ uuid: c.req.param("id"), name }));
  });
  app.get("/d1/database/:id/time_travel/bookmark", (c) => c.json(success({ bookmark: "00000001-0000" })));
  app.delete("/d1/database/:id", (c) => {
    account.databases.delete(c.req.param("id"));
    return c.json(success(null));
  });
  app.post("/d1/database/:id/query", async (c) => {
    const database = account.databases.get(c.req.param("id"));
    if (database === undefined) return c.json(refusal(7404, "The database was not found"), 404);
    const { sql } = z.looseObject({ sql: z.string() }).parse(await c.req.json());
    try {
      return c.json(
        success([{ results: queried(database.sqlite, sql), success: true, meta: { duration: 1 } }]),
      );
    } catch (thrown) {
      return c.json(refusal(7500, thrown instanceof Error ? thrown.message : String(thrown)), 400);
    }
  });
  app.get("/r2/buckets/:name", (c) =>
    account.buckets.has(c.req.param("name"))
      ? c.json(success({ name: c.req.param("name") }))
      : c.json(refusal(10006, "The specified bucket does not exist."), 404),
  );
  app.post("/r2/buckets", async (c) => {
    const { name } = named.parse(await c.req.json());
    // R2 puts such a rule into every new bucket.
    account.buckets.set(name, {
      rules: [{ id: "Default Multipart Abort Rule", enabled: true }],
      objects: [],
    });
    return c.json(success({ name }));
  });
  app.delete("/r2/buckets/:name", (c) => {
    const { objects = [] } = account.buckets.get(c.req.param("name")) ?? {};
    if (objects.length > 0) return c.json(refusal(10008, "The bucket you tried to delete is not empty"), 409);
    account.buckets.delete(c.req.param("name"));
    return c.json(success({}));
  });
  app.get("/r2/buckets/:name/lifecycle", (c) =>
    c.json(success({ rules: account.buckets.get(c.req.param("name"))?.rules ?? [] })),
  );
  app.put("/r2/buckets/:name/lifecycle", async (c) => {
    const bucket = account.buckets.get(c.req.param("name"));
    const { rules } = z.looseObject({ rules: z.array(Any) }).parse(await c.req.json());
    if (bucket) bucket.rules = rules;
    return c.json(success({}));
  });
  app.get("/r2/buckets/:name/objects", (c) => {
    const keys = account.buckets.get(c.req.param("name"))?.objects ?? [];
    return c.json(success(keys.slice(0, Number(c.req.query("per_page") ?? 20)).map((key) => ({ key }))));
  });
  app.delete("/r2/buckets/:name/objects/:key", (c) => {
    const bucket = account.buckets.get(c.req.param("name"));
    if (bucket)
      bucket.objects = bucket.objects.filter((key) => key !== decodeURIComponent(c.req.param("key")));
    return c.json(success({}));
  });
}

/** A statement with what follows it is one transaction, as in D1. */
function queried(sqlite: ReturnType<typeof newDatabase>, sql: string): unknown[] {
  if (/^\s*SELECT/i.test(sql)) return sqlite.prepare(sql).all();
  sqlite.exec("BEGIN");
  try {
    sqlite.exec(sql);
    sqlite.exec("COMMIT");
  } catch (thrown) {
    sqlite.exec("ROLLBACK");
    throw thrown;
  }
  return [];
}

function addWorkers(app: Hono, account: PlayAccount): void {
  const missing = refusal(10007, "This Worker does not exist on your account.");
  app.get("/workers/subdomain", (c) => c.json(success({ subdomain: "studio" })));
  app.get("/workers/services/:name", (c) => {
    const script = account.scripts.get(c.req.param("name"));
    if (script === undefined) return c.json(refusal(10090, "workers.api.error.service_not_found"), 404);
    const tags = { tag: c.req.param("name"), tags: [], last_deployed_from: "wrangler" };
    const migration = script.migrationTag === null ? {} : { migration_tag: script.migrationTag };
    return c.json(
      success({ default_environment: { environment: "production", script: { ...tags, ...migration } } }),
    );
  });
  app.get("/workers/scripts", (c) =>
    c.json(
      success(
        [...account.scripts].map(([id, { migrationTag }]) => ({
          id,
          migration_tag: migrationTag ?? undefined,
        })),
      ),
    ),
  );
  app.put("/workers/scripts/:name", async (c) => {
    upload(account, c.req.param("name"), await c.req.formData());
    return c.json(
      success({
        id: c.req.param("name"),
        tag: "t",
        etag: "e",
        deployment_id: nextId(account).replaceAll("-", ""),
        startup_time_ms: 3,
      }),
    );
  });
  app.post("/workers/scripts/:name/versions", async (c) => {
    upload(account, c.req.param("name"), await c.req.formData());
    return c.json(
      success({
        id: nextId(account),
        number: 1,
        metadata: {},
        resources: { script: { etag: "e" } },
        startup_time_ms: 3,
      }),
    );
  });
  app.get("/workers/scripts/:name/deployments", (c) => c.json(success({ deployments: [] })));
  app.post("/workers/scripts/:name/deployments", (c) => c.json(success({ id: nextId(account) })));
  app.delete("/workers/scripts/:name", (c) => {
    account.scripts.delete(c.req.param("name"));
    return c.json(success(null));
  });
  app.patch("/workers/scripts/:name/script-settings", (c) => c.json(success({})));
  app.get("/workers/scripts/:name/secrets", (c) => {
    const script = account.scripts.get(c.req.param("name"));
    if (script === undefined) return c.json(missing, 404);
    return c.json(success([...script.secrets.keys()].map((name) => ({ name, type: "secret_text" }))));
  });
  app.get("/workers/scripts/:name/settings", (c) => {
    const script = account.scripts.get(c.req.param("name"));
    if (script === undefined) return c.json(missing, 404);
    const secrets = [...script.secrets.keys()].map((name) => ({ type: "secret_text", name }));
    return c.json(success({ bindings: [...script.bindings, ...secrets] }));
  });
  app.get("/workers/scripts/:name/schedules", (c) =>
    c.json(
      success({
        schedules: (account.scripts.get(c.req.param("name"))?.crons ?? []).map((cron) => ({ cron })),
      }),
    ),
  );
  app.put("/workers/scripts/:name/schedules", async (c) => {
    const script = account.scripts.get(c.req.param("name"));
    const crons = z.array(z.looseObject({ cron: z.string() })).parse(await c.req.json());
    if (script) script.crons = crons.map(({ cron }) => cron);
    return c.json(success({ schedules: crons }));
  });
  const subdomain = (script: PlayScript | undefined) => ({
    enabled: script?.workersDev ?? false,
    previews_enabled: false,
  });
  app.get("/workers/scripts/:name/subdomain", (c) =>
    c.json(success(subdomain(account.scripts.get(c.req.param("name"))))),
  );
  app.post("/workers/scripts/:name/subdomain", async (c) => {
    const script = account.scripts.get(c.req.param("name"));
    const { enabled } = z.looseObject({ enabled: z.boolean() }).parse(await c.req.json());
    if (script) script.workersDev = enabled;
    return c.json(success(subdomain(script)));
  });
  app.get("/workers/workers/:name", (c) =>
    c.json(
      success({ name: c.req.param("name"), subdomain: subdomain(account.scripts.get(c.req.param("name"))) }),
    ),
  );
}

function upload(account: PlayAccount, name: string, form: FormData): void {
  const metadata = Metadata.parse(JSON.parse(String(form.get("metadata"))));
  const before = account.scripts.get(name);
  const secrets = new Map(metadata.keep_bindings.includes("secret_text") ? before?.secrets : []);
  for (const { type, name: secret, text } of metadata.bindings)
    if (type === "secret_text") secrets.set(secret, text ?? "");
  account.scripts.set(name, {
    bindings: metadata.bindings.filter(({ type }) => type !== "secret_text" && type !== "inherit"),
    secrets,
    migrationTag: metadata.migrations?.new_tag ?? before?.migrationTag ?? null,
    crons: before?.crons ?? [],
    workersDev: before?.workersDev ?? false,
    versions: (before?.versions ?? 0) + 1,
    limits: metadata.limits ?? null,
  });
}
