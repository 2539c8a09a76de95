/**
 * Five projects, by where the code under test lives: plain Node, each Worker inside workerd, and both Workers
 * together with a real queue (journeys), and pages in Chromium (not part of `npm test`). A file is in one of
 * them: what none of the others names runs in Node.
 */
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

const migrations = await readD1Migrations("./shared/store/migrations");

/** What both Workers get in tests; METADATA_URL is blank so that the emulator's address counts. */
const bindings = { TEST_MIGRATIONS: migrations, METADATA_URL: "", MAX_CALLS_PER_SECOND: "" };

const FILES = {
  producer: ["test/workers/producer/**/*.test.ts"],
  consumer: ["test/workers/consumer/**/*.test.ts", "test/shared/{job,sequence,media,store}/**/*.test.ts"],
  journeys: ["test/{journeys,conformance}/**/*.test.ts"],
  browser: ["test/browser/**/*.test.ts"],
};

/** Vitest wants projects of different parallelism in groups that follow each other. */
const inGroup = (groupOrder: number) => ({ sequence: { groupOrder } });

/** Many times what any test takes alone, because `npm test` keeps every core busy: it ends only what hangs. */
const PATIENT = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 30_000 } } };

/**
 * One workerd for all files, one after the other: it takes longer to start it and to load the Worker than most
 * files take. Each file still begins with empty storage (migrate.ts); files of one project share the emulators.
 */
const worker = (name: "producer" | "consumer", configPath: string, groupOrder: number) => ({
  // Verbose, workerd logs each exception that a test provokes; what a test does not expect, Vitest tells anyway.
  plugins: [cloudflareTest({ wrangler: { configPath }, miniflare: { bindings }, verbose: false })],
  test: {
    name,
    include: FILES[name],
    isolate: false,
    fileParallelism: false,
    ...PATIENT,
    globalSetup: ["./test/support/emulator-setup.ts", "./test/support/hostile-setup.ts"],
    setupFiles: ["./test/support/migrate.ts"],
    ...inGroup(groupOrder),
  },
});

export default defineConfig({
  test: {
    silent: "passed-only", // the Workers log a line for everything they do
    projects: [
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: Object.values(FILES).flat(),
          isolate: false,
          maxWorkers: "100%",
          ...PATIENT,
          ...inGroup(0),
        },
      },
      worker("producer", "./wrangler.toml", 1),
      worker("consumer", "./workers/consumer/wrangler.toml", 2),
      {
        test: {
          name: "journeys",
          include: FILES.journeys,
          globalSetup: ["./test/journeys/migrated-setup.ts"],
          // They start half a dozen processes each: on a machine that is kept busy the longest has taken 270 s.
          testTimeout: 480_000,
          hookTimeout: 240_000,
          // Each file has stacks of its own, and they wait (for leases, polls, starts) more than they compute.
          maxWorkers: 3,
          ...inGroup(3),
        },
      },
      { test: { name: "browser", include: FILES.browser, ...PATIENT, ...inGroup(4) } },
    ],
  },
});
