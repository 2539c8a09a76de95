/** What `npm test` checks beside the tests themselves, and how their report is counted. */
import * as z from "zod";

export type Tally = { passed: number; failed: number };

const typesOf = (worker: string, config: string, name: string): readonly string[] => [
  "wrangler",
  "types",
  `workers/${worker}/env.d.ts`,
  "--config",
  config,
  "--include-runtime=false",
  "--strict-vars=false",
  `--env-interface=${name}`,
  "--check",
];

const bundle = (config: string): readonly string[] => ["wrangler", "deploy", "--dry-run", "--config", config];

export const CHECKS: readonly { name: string; command: readonly string[] }[] = [
  { name: "types of the Workers and shared", command: ["tsc", "-p", "workers"] },
  { name: "types of the CLI and the emulator", command: ["tsc", "-p", "cli"] },
  { name: "types of the tests in workerd", command: ["tsc", "-p", "test"] },
  { name: "types of the tests in Node", command: ["tsc", "-p", "test/tsconfig.node.json"] },
  { name: "lint, format and room rules", command: ["biome", "ci"] },
  { name: "unused files, exports and dependencies", command: ["knip", "--no-config-hints"] },
  {
    name: "generated types of the producer are current",
    command: typesOf("producer", "wrangler.toml", "ProducerEnv"),
  },
  {
    name: "generated types of the consumer are current",
    command: typesOf("consumer", "workers/consumer/wrangler.toml", "ConsumerEnv"),
  },
  { name: "the producer bundles", command: bundle("wrangler.toml") },
  { name: "the consumer bundles", command: bundle("workers/consumer/wrangler.toml") },
];

const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numFailedTestSuites: z.number(),
  numPendingTests: z.number(),
});

/**
 * Counts Vitest's JSON report. A file that would not load has no failed test, an unhandled error belongs to
 * none, and a skipped test is no passed one: each of them still counts as a failure.
 */
export function tallyOf(report: unknown, exitedWell: boolean): Tally {
  const parsed = Report.safeParse(report);
  if (!parsed.success) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numPendingTests } = parsed.data;
  const failed = numFailedTests + numPendingTests;
  const crashed = !exitedWell && failed === 0;
  return { passed: numPassedTests, failed: failed + (crashed || numPassedTests === 0 ? 1 : 0) };
}
