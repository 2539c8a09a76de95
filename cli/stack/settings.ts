/**
 * What `npm start` was asked to do: the environment of the contract's section 2, checked before anything is
 * started and with every problem named at once. Pure: text and variables in, settings or problems out.
 */
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { UnsecuredJWT } from "jose";
import { type ConfigProblem, readConfig, type Variables } from "../../shared/config.ts";
import { fail, ok, type Result } from "../../shared/result.ts";
import { defaultPort, defaultStateDir, queueBatchSizeDefault, queueBatchSizeMax } from "./limits.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the person may set for the Workers; the rest (`EMULATOR_URL`, `STARTED_AT`) is found out at start. */
export const WORKER_VARIABLES = [
  "METADATA_URL",
  "PROJECT_ID",
  "COLLECTION_ID",
  "JWT_ACCESS_KEY",
  "PROJECT_ACCESS_KEY",
  "API_TOKENS",
  "MAX_CALLS_PER_SECOND",
  "MEDIA_PRIVATE_HOSTS",
  "IPFS_GATEWAYS",
  "AR_GATEWAYS",
  "JOB_CONCURRENCY",
  "MAX_ATTEMPTS",
  "CALL_TIMEOUT_MS",
  "DEAD_LETTER_DAYS",
] as const satisfies readonly (keyof Variables)[];

/** Never in a log, and in files only the owner can read. */
export const SECRETS = ["JWT_ACCESS_KEY", "PROJECT_ACCESS_KEY", "API_TOKENS"] as const;

export type Settings = {
  /** 0: any free one. */
  readonly port: number;
  /** Absolute. */
  readonly stateDir: string;
  readonly queueBatchSize: number;
  /** Only what was set, and not to a blank. */
  readonly variables: Variables;
  readonly usesEmulator: boolean;
};

/** `.env` under the process's own variables: those win, also when they are blank, which unsets a line of `.env`. */
export function withDotEnv(dotEnv: string | null, own: Environment): Environment {
  return dotEnv === null ? own : { ...parseEnv(dotEnv), ...own };
}

/** @param cwd a relative STATE_DIR is meant from here */
export function readSettings(
  environment: Environment,
  cwd: string,
): Result<Settings, readonly ConfigProblem[]> {
  const given = setVariables(environment);
  const { STATE_DIR = defaultStateDir, METADATA_URL } = given;
  const problems: ConfigProblem[] = [];
  const settings = {
    port: wholeNumber(given, "PORT", defaultPort, [0, 65_535], problems),
    stateDir: resolve(cwd, STATE_DIR),
    queueBatchSize: wholeNumber(
      given,
      "QUEUE_BATCH_SIZE",
      queueBatchSizeDefault,
      [1, queueBatchSizeMax],
      problems,
    ),
    variables: workerVariables(given),
    usesEmulator: METADATA_URL === undefined,
  };
  problems.push(...unwritableSecrets(given));
  const config = readConfig(withStandIns(settings));
  if (!config.ok) problems.push(...config.error);
  return problems.length > 0 ? fail(problems) : ok(settings);
}

/** For the children: they get these in files or not at all, and a secret has no business in an environment. */
export function withoutWorkerVariables(environment: Environment): Environment {
  const ours = new Set<string>(WORKER_VARIABLES);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !ours.has(name)));
}

function setVariables(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => {
      const text = value?.trim() ?? "";
      return text === "" ? [] : [[name, text]];
    }),
  );
}

function workerVariables(given: Readonly<Record<string, string>>): Variables {
  return Object.fromEntries(
    WORKER_VARIABLES.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
  );
}

/**
 * The emulator brings its address and its key, but only once it runs, and a mistyped variable should not wait
 * for that: an unsigned key of the same project, which nobody ever sees, lets everything else be checked now.
 */
function withStandIns({ variables, usesEmulator }: Settings): Variables {
  if (!usesEmulator) return variables;
  const project = /^[1-9]\d*$/.test(variables.PROJECT_ID ?? "") ? Number(variables.PROJECT_ID) : 1;
  return {
    EMULATOR_URL: "http://127.0.0.1:1",
    JWT_ACCESS_KEY: new UnsecuredJWT({ project }).encode(),
    ...variables,
  };
}

function wholeNumber(
  given: Readonly<Record<string, string>>,
  name: string,
  fallback: number,
  [min, max]: readonly [number, number],
  problems: ConfigProblem[],
): number {
  const text = given[name];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  problems.push({
    code: "config.malformed",
    message: `${name}: expected a whole number from ${min} to ${max}, got "${text.slice(0, 80)}".`,
    next: `Correct ${name} in .env or in the environment and start again.`,
  });
  return fallback;
}

/** Secrets reach the Workers in a file in dotenv's syntax, which cannot hold just any character. */
function unwritableSecrets(given: Readonly<Record<string, string>>): ConfigProblem[] {
  return SECRETS.filter((name) => !/^[\x20-\x26\x28-\x7e]*$/.test(given[name] ?? "")).map((name) => ({
    code: "config.malformed",
    message: `${name} holds a single quote, a line break or a character outside ASCII (its value is not shown).`,
    next: `Copy ${name} again: keys and token hashes have only letters, digits and a few marks.`,
  }));
}
