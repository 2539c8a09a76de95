/**
 * Every test file in workerd begins with the real migrations in a D1 of its own, with empty storage elsewhere,
 * and with nothing that the file before it has mocked: all of them run in one workerd.
 */
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, vi } from "vitest";

await reset();
const tables = await env.DB.prepare("SELECT name FROM sqlite_master WHERE name = 'batches'").all();
const { objects } = await env.BUCKET.list({ limit: 1 });
if (tables.results.length + objects.length > 0) throw new Error("the file does not begin with empty storage");
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);

afterAll(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});
