/**
 * Secrets of a deployment: which each Worker needs, where a missing one comes from, and the file that hands them
 * to Wrangler. One that is set already is never read, asked for or replaced. None ever stands in a command line,
 * in a child's environment or in what is printed; the only exception is the first admin token, shown to the one
 * person whose it is, because only its hash is kept.
 */
import { createHash, randomBytes } from "node:crypto";
import { UnsecuredJWT } from "jose";
import { type ConfigProblem, readConfig } from "../../shared/config.ts";
import { fail, ok, type Result } from "../../shared/result.ts";
import { type Fault, usageFault } from "../failure.ts";
import type { Asker } from "./ask.ts";
import type { WorkerId } from "./committed.ts";
import type { Wanted } from "./complete.ts";
import type { Action } from "./plan.ts";

export const SECRET_NAMES = ["JWT_ACCESS_KEY", "PROJECT_ACCESS_KEY", "API_TOKENS"] as const;
export type SecretName = (typeof SECRET_NAMES)[number];

/** PROJECT_ACCESS_KEY is only for refreshing metadata: it is taken along where it is given, never asked for. */
export const REQUIRED_SECRETS = {
  consumer: ["JWT_ACCESS_KEY"],
  producer: ["JWT_ACCESS_KEY", "API_TOKENS"],
} as const satisfies Record<WorkerId, readonly SecretName[]>;

export type Secrets = {
  readonly values: Partial<Record<SecretName, string>>;
  /** Set where the first token was made here. */
  readonly adminToken: string | null;
};

type Given = Readonly<Record<string, string | undefined>>;

export const missingSecrets = (actions: readonly Action[]): SecretName[] => [
  ...new Set(actions.flatMap((action) => (action.do === "deploy-worker" ? action.secrets : []))),
];

/** From the environment, else from the person; a token is made where there is none. Checked before it is used. */
export async function gatherSecrets(
  missing: readonly SecretName[],
  wanted: Wanted,
  given: Given,
  asker: Asker,
): Promise<Result<Secrets, Fault[]>> {
  const values: Partial<Record<SecretName, string>> = {};
  let adminToken: string | null = null;
  for (const name of missing) {
    const own = given[name]?.trim() ?? "";
    if (own !== "") values[name] = own;
    else if (name === "API_TOKENS") {
      if (given.CI === "true") return fail([noTokenInCi]);
      adminToken = randomBytes(32).toString("base64url");
      values.API_TOKENS = `admin:admin:${createHash("sha256").update(adminToken).digest("hex")}`;
    } else {
      const typed =
        given.CI === "true" ? null : await asker.secret(`${name} (${WHAT[name]}; it is not shown): `);
      if (typed === null || typed === "") return fail([noSecret(name)]);
      values[name] = typed;
    }
  }
  const optional = given.PROJECT_ACCESS_KEY?.trim() ?? "";
  if (missing.includes("API_TOKENS") && optional !== "") values.PROJECT_ACCESS_KEY = optional;
  const problems = checkConfig(wanted, values);
  return problems.length === 0 ? ok({ values, adminToken }) : fail(problems.map(asFault));
}

const WHAT: Record<SecretName, string> = {
  JWT_ACCESS_KEY: "Sequence Builder → Settings → API Keys, a secret key with Write access",
  PROJECT_ACCESS_KEY: "the project's public access key",
  API_TOKENS: "entries that `mintline token new` prints",
};

/** A secret that is already there cannot be read back: a stand-in of the same project takes its place. */
function checkConfig(wanted: Wanted, values: Partial<Record<SecretName, string>>): ConfigProblem[] {
  const { vars } = wanted.workers.producer.config;
  const texts = Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, String(value)]));
  const stated = texts.PROJECT_ID ?? "1";
  const unknown = { JWT_ACCESS_KEY: new UnsecuredJWT({}).encode(), PROJECT_ID: stated };
  const config = readConfig({ ...(values.JWT_ACCESS_KEY === undefined ? unknown : {}), ...texts, ...values });
  return config.ok ? [] : [...config.error];
}

const asFault = ({ code, message, next }: ConfigProblem): Fault => usageFault(code, message, next);

const noSecret = (name: SecretName): Fault =>
  usageFault(
    "deploy.secret_missing",
    `${name} is not set in this deployment, and none was given.`,
    `Run the command on a terminal and paste it when asked, or set ${name} in the environment (in CI: a secret of the repository).`,
  );

const noTokenInCi = usageFault(
  "deploy.secret_missing",
  "API_TOKENS is not set in this deployment, and a first admin token would be shown in this CI log.",
  "Make one on your own machine with `npx --no mintline token new NAME admin`, and give its API_TOKENS entry as a secret of the repository.",
);
