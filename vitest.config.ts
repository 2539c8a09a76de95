/**
 * Five projects, by where the code under test lives: plain Node, each Worker inside workerd, and both Workers
 * together with a real queue (journeys), and pages in Chromium (not part of `npm test`).
 */
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

const migrations = await readD1Migrations("./shared/store/migrations");

/** What both Workers get in tests; METADATA_URL is blank so that the emulator's address counts. */
const bindings = { TEST_MIGRATIONS: migrations, METADATA_URL: "", MAX_CALLS_PER_SECOND: "" };

const worker = (name: string, configPath: string, include: string[]) => ({
  plugins: [cloudflareTest({ wrangler: { configPath }, miniflare: { bindings } })],
  test: {
    name,
    include,
    globalSetup: ["./test/support/emulator-setup.ts"],
    setupFiles: ["./test/support/migrate.ts"],
  },
});

export default defineConfig({
  test: {
    silent: "passed-only", // the Workers log a line for everything they do
    projects: [
      {
        test: {
          name: "node",
          include: ["test/{cli,emulator,shared/intake,shared/api,tooling}/**/*.test.ts"],
        },
      },
      worker("producer", "./wrangler.toml", ["test/workers/producer/**/*.test.ts"]),
      worker("consumer", "./workers/consumer/wrangler.toml", [
        "test/workers/consumer/**/*.test.ts",
        "test/shared/{job,sequence,media,store}/**/*.test.ts",
      ]),
      { test: { name: "browser", include: ["test/browser/**/*.test.ts"], testTimeout: 30_000 } },
      {
        test: {
          name: "journeys",
          include: ["test/{journeys,conformance}/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
