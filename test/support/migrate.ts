/**
 * Every test file in workerd begins with the real migrations in an otherwise empty D1, an empty R2, Durable Objects
 * that know nothing, and nothing mocked: the files of one project run one after the other in one workerd.
 */
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, vi } from "vitest";

/** `reset()` may leave everything as it is where a request of the file before is still under way. */
const RESETS = 50;
const PAUSE_MS = 20;

for (let tries = 1; ; tries += 1) {
  await reset();
  const left = await stored();
  if (left.length === 0) break;
  if (tries === RESETS) throw new Error(`expected a test file to begin with nothing stored, got ${left}`);
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);

afterAll(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function stored(): Promise<string[]> {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'",
  ).all();
  const { objects } = await env.BUCKET.list({ limit: 5 });
  return [...results.map(({ name }) => `table ${name}`), ...objects.map(({ key }) => `object ${key}`)];
}
