/** D1 and R2, of the stand-in's account. */
import type { Hono } from "hono";
import * as z from "zod";
import { refusal, success } from "./answers.ts";
import { newDatabase, nextId, type PlayAccount } from "./play-account.ts";

const Any = z.looseObject({});

export function addStorage(app: Hono, account: PlayAccount): void {
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
