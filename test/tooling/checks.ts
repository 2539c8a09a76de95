/** What `npm test` runs, and how the outcome of each is counted. */
import * as z from "zod";

export type Tally = { readonly passed: number; readonly failed: number };

/** One command line. `report`: where it leaves Vitest's JSON report; a check without one counts as one. */
export type Part = {
  readonly name: string;
  readonly command: readonly string[];
  readonly report?: string;
};

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

export const CHECKS: readonly Part[] = [
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
  {
    name: "what a job costs in counts and dollars keeps its bounds",
    command: ["node", "test/bench/bench.ts", "--quick", "--only", "counts"],
  },
];

/** Counts as one check: it says of each fault run whether it showed what it must, and ends with 1 if any did not. */
export const CHAOS: Part = {
  name: "chaos, quick: faults, kills, limits, an outage",
  command: ["node", "test/chaos/chaos.ts", "--quick"],
};

/** Counts as one check: it proves by itself what it shows. */
export const DEMO: Part = {
  name: "the demo: the main job from nothing, proved",
  command: ["node", "cli/demo.ts"],
};

/** Installs it only where it is missing and may be installed; the tests that need it say how to get it elsewhere. */
export const CHROMIUM: Part = {
  name: "Chromium is there",
  command: [
    "sh",
    "-c",
    "command -v chromium || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; }",
  ],
};

/** The tests of one project of vitest.config.ts. @param directory takes the report. */
export function testsOf(project: string, name: string, directory: string): Part {
  const report = `${directory}/${project}.json`;
  const reporters = ["--reporter=minimal", "--reporter=json", `--outputFile.json=${report}`];
  return { name, report, command: ["vitest", "run", `--project=${project}`, ...reporters] };
}

const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

/**
 * Counts Vitest's JSON report. A file that would not load has no failed test, an unhandled error belongs to
 * none, and a skipped test is no passed one: each of them still counts as a failure.
 */
export function tallyOf(report: unknown, exitedWell: boolean): Tally {
  const parsed = Report.safeParse(report);
  if (!parsed.success) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = parsed.data;
  const failed = numFailedTests + numPendingTests + testResults.filter(isBroken).length;
  const crashed = !exitedWell && failed === 0;
  return { passed: numPassedTests, failed: failed + (crashed || numPassedTests === 0 ? 1 : 0) };
}

/** A line for each file that broke and each test that failed or was not run; of the last Vitest says nothing. */
export function notPassed(report: unknown): string {
  const { data } = Report.safeParse(report);
  const lines = (data?.testResults ?? []).flatMap(({ name, status, assertionResults }) => [
    ...(isBroken({ status, assertionResults }) ? [`broken: ${name}`] : []),
    ...assertionResults
      .filter((test) => test.status !== "passed")
      .map((test) => `${test.status}: ${name} > ${test.fullName}`),
  ]);
  return lines.map((line) => `${line}\n`).join("");
}

type FileResult = Pick<z.infer<typeof Report>["testResults"][number], "status" | "assertionResults">;

/** It would not load, or what surrounds its tests failed. */
const isBroken = ({ status, assertionResults }: FileResult): boolean =>
  status === "failed" && !assertionResults.some((test) => test.status === "failed");
