/**
 * Every message three times. The local broker delivers nearly one batch at a time, so this run is the test in
 * workerd that calls the consumer several times at once; here it is only started and its figures are read.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as z from "zod";
import { atMost, exactly, type Run, type Shown } from "../run.ts";

const TEST = "test/workers/consumer/three-times.test.ts";

/** For each mode of answering an existing token. */
const JOBS = 700;

const Report = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()),
          meta: z.object({
            measured: z
              .object({
                jobs: z.number(),
                messages: z.number(),
                sequenceCalls: z.number(),
                violations: z.number(),
              })
              .optional(),
          }),
        }),
      ),
    }),
  ),
});
type Tested = z.infer<typeof Report>["testResults"][number]["assertionResults"][number];

export const threeTimesRun: Run = {
  name: "three-times",
  mustShow: "every message three times, two at once and one late; 0 violations, ≤ 1.1 × the Sequence calls",
  alone: false,
  notQuick: `npm test runs it by itself: ${TEST}`,
  async perform() {
    const { success, testResults } = await runTest();
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
    const shown = tests.map(figuresOf);
    return {
      figures: [exactly("modes tried", tests.length, 3), ...shown.flatMap(({ figures }) => figures)],
      violations: [],
      failings: [...(success ? [] : [`${TEST} failed`]), ...shown.flatMap(({ failings }) => failings)],
    };
  },
};

function figuresOf({ fullName, status, failureMessages, meta }: Tested): Shown {
  const failings = status === "passed" ? [] : [`${fullName}: ${failureMessages.join("; ").slice(0, 1_000)}`];
  const { measured } = meta;
  if (measured === undefined) return { figures: [], violations: [], failings };
  const { jobs, messages, sequenceCalls, violations } = measured;
  const mode = fullName.match(/conflict|endpoint|overwrite/)?.[0] ?? fullName;
  return {
    figures: [
      exactly(`${mode}: messages`, messages, 3 * jobs),
      exactly(`${mode}: violations`, violations, 0),
      atMost(`${mode}: Sequence calls, as a multiple of 4 a job`, sequenceCalls / (4 * jobs), 1.1),
    ],
    violations: [],
    failings,
  };
}

async function runTest(): Promise<z.infer<typeof Report>> {
  const directory = await mkdtemp(join(tmpdir(), "mintline-chaos-"));
  try {
    const report = join(directory, "report.json");
    const child = spawn(
      process.execPath,
      [vitestBin(), "run", "--project=consumer", TEST, "--reporter=json", `--outputFile=${report}`],
      {
        stdio: "ignore",
        env: { ...process.env, WRANGLER_SEND_METRICS: "false", VITE_THREE_TIMES_JOBS: String(JOBS) },
      },
    );
    const [code] = await once(child, "exit");
    if (!existsSync(report))
      throw new Error(`vitest ended with ${code} and no report; run it to see why: npx vitest run ${TEST}`);
    return Report.parse(JSON.parse(await readFile(report, "utf8")));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const vitestBin = (): string =>
  join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
