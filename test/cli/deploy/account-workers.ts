/** Workers: uploads, secrets, schedules and addresses, of the stand-in's account. */
import type { Hono } from "hono";
import * as z from "zod";
import { refusal, success } from "./answers.ts";
import { nextId, type PlayAccount, type PlayScript } from "./play-account.ts";

const Metadata = z.looseObject({
  bindings: z.array(z.looseObject({ type: z.string(), name: z.string(), text: z.string().optional() })),
  keep_bindings: z.array(z.string()).default([]),
  migrations: z.looseObject({ new_tag: z.string() }).optional(),
  limits: z.json().optional(),
});

const Deployment = z.looseObject({ versions: z.array(z.looseObject({ version_id: z.string() })) });

export function addWorkers(app: Hono, account: PlayAccount): void {
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
    const id = nextId(account);
    upload(account, c.req.param("name"), await c.req.formData(), id).serving = id;
    return c.json(
      success({
        id: c.req.param("name"),
        tag: "t",
        etag: "e",
        deployment_id: id.replaceAll("-", ""),
        startup_time_ms: 3,
      }),
    );
  });
  // A version serves nobody until it is deployed.
  app.post("/workers/scripts/:name/versions", async (c) => {
    const id = nextId(account);
    upload(account, c.req.param("name"), await c.req.formData(), id);
    return c.json(
      success({ id, number: 1, metadata: {}, resources: { script: { etag: "e" } }, startup_time_ms: 3 }),
    );
  });
  app.get("/workers/scripts/:name/versions/:id", (c) => {
    const bindings = account.scripts.get(c.req.param("name"))?.versions.get(c.req.param("id"));
    if (bindings === undefined) return c.json(missing, 404);
    return c.json(success({ id: c.req.param("id"), number: 1, metadata: {}, resources: { bindings } }));
  });
  app.get("/workers/scripts/:name/deployments", (c) => {
    const script = account.scripts.get(c.req.param("name"));
    if (script === undefined) return c.json(missing, 404);
    return c.json(
      success({ deployments: [{ versions: [{ version_id: script.serving, percentage: 100 }] }] }),
    );
  });
  app.post("/workers/scripts/:name/deployments", async (c) => {
    const script = account.scripts.get(c.req.param("name"));
    const { versions } = Deployment.parse(await c.req.json());
    if (script && versions[0]) script.serving = versions[0].version_id;
    return c.json(success({ id: nextId(account) }));
  });
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

function upload(account: PlayAccount, name: string, form: FormData, version: string): PlayScript {
  const metadata = Metadata.parse(JSON.parse(String(form.get("metadata"))));
  const before = account.scripts.get(name);
  const secrets = new Map(metadata.keep_bindings.includes("secret_text") ? before?.secrets : []);
  for (const { type, name: secret, text } of metadata.bindings) {
    if (type === "secret_text") secrets.set(secret, text ?? "");
  }
  const bindings = metadata.bindings.filter(({ type }) => type !== "secret_text" && type !== "inherit");
  const script: PlayScript = {
    bindings,
    secrets,
    migrationTag: metadata.migrations?.new_tag ?? before?.migrationTag ?? null,
    crons: before?.crons ?? [],
    workersDev: before?.workersDev ?? false,
    versions: new Map([...(before?.versions ?? []), [version, bindings]]),
    serving: before?.serving ?? version,
    modules: modulesOf(form),
    limits: metadata.limits ?? null,
  };
  account.scripts.set(name, script);
  return script;
}

/** Source maps come along, and count for nothing. */
function modulesOf(form: FormData): Record<string, number> {
  const parts = [...form].flatMap(([name, part]) => (part instanceof File ? [[name, part] as const] : []));
  return Object.fromEntries(
    parts.filter(([, { type }]) => type !== "application/source-map").map(([name, { size }]) => [name, size]),
  );
}
