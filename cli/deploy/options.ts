/** What stands behind `npm run deploy --`. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { PLANS, type WorkersPlan } from "../../shared/plans.ts";
import { fail, ok, type Result } from "../../shared/result.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { wholeNumber } from "../options.ts";
import { DEPLOY } from "./numbers.ts";

export type Choices = {
  readonly environment: string;
  readonly plan: WorkersPlan;
  readonly dryRun: boolean;
  readonly destroy: boolean;
  /** Where the producer is reached if not at its workers.dev address. */
  readonly url: string | null;
  /** Variables that an option sets. */
  readonly vars: Readonly<Record<string, string>>;
};

type Typed = {
  env: string;
  plan: WorkersPlan;
  dryRun?: true;
  destroy?: true;
  url?: string;
  maxCallsPerSecond?: number;
};

/** @returns the exit code where commander has already said all there is to say */
export function readChoices(args: readonly string[]): Result<Choices, ExitCode> {
  const program = new Command("npm run deploy --")
    .description(
      "Puts both Workers, their queues, database and bucket into your Cloudflare account, and can be repeated: what is there stays, what is missing is made. Needs CLOUDFLARE_API_TOKEN (or `npx wrangler login`); --dry-run needs no account.",
    )
    .option("--env <name>", "a deployment of its own, all names suffixed", environmentName, DEPLOY.production)
    .option("--dry-run", "show the plan, what it costs, and bundle both Workers; nothing is changed")
    .addOption(
      new Option("--plan <plan>", "the Workers plan of the account").choices(PLANS).default("paid" as const),
    )
    .option("--url <url>", "where the producer is reached if not at its workers.dev address", address)
    .option("--max-calls-per-second <n>", "a lower ceiling than 50 for calls to Sequence", lowerCeiling)
    .option("--destroy", "list what a deploy made and, after the Worker's name is typed, remove it")
    .addHelpText(
      "after",
      "\nExamples:\n  npm run deploy -- --dry-run\n  npm run deploy\n  npm run deploy -- --env staging\n  npm run deploy -- --env staging --destroy\n\nworkers/DEPLOYING.md tells permissions, migrations, rollback and the Free plan.",
    )
    .allowExcessArguments(false)
    .exitOverride();
  try {
    program.parse(args, { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    return fail(thrown.exitCode === 0 ? EXIT.good : EXIT.usage);
  }
  const { env, plan, dryRun, destroy, url, maxCallsPerSecond }: Typed = program.opts();
  const vars: Record<string, string> = {};
  if (maxCallsPerSecond !== undefined) vars.MAX_CALLS_PER_SECOND = String(maxCallsPerSecond);
  return ok({
    environment: env,
    plan,
    dryRun: dryRun === true,
    destroy: destroy === true,
    url: url ?? null,
    vars,
  });
}

/** It becomes part of names: queues, buckets and Workers take these letters, and 63 of them in all. */
function environmentName(text: string): string {
  if (/^[a-z][a-z0-9-]{0,19}$/.test(text) && !text.endsWith("-")) return text;
  throw new InvalidArgumentError(
    "Expected up to 20 small letters, digits and dashes, beginning with a letter.",
  );
}

function address(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, "");
  throw new InvalidArgumentError("Expected an address such as https://mintline.example.com.");
}

function lowerCeiling(text: string): number {
  const calls = wholeNumber(1)(text);
  if (calls <= DEPLOY.callsPerSecond) return calls;
  throw new InvalidArgumentError(
    `Expected at most ${DEPLOY.callsPerSecond}: the live game shares the limit.`,
  );
}
