/**
 * What the runtime gives is text that may be missing; what the rest of the code trusts is `Config`.
 * Checked once per isolate, at the first request, with every problem named at once.
 */
import { decodeJwt } from "jose";
import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { type Gateways, PUBLIC_GATEWAYS, readGateways } from "./media/sources.ts";
import { PLANS, type WorkersPlan } from "./plans.ts";
import { fail, ok, type Result } from "./result.ts";
import { ROLES, type Role } from "./roles.ts";

/** The variables of the contract's section 2, as Wrangler hands them over. All of them may be missing. */
export type Variables = {
  METADATA_URL?: string;
  /** Where `npm start` runs the emulator; used, and called `emulator`, only where METADATA_URL is unset. */
  EMULATOR_URL?: string;
  PROJECT_ID?: string;
  COLLECTION_ID?: string;
  JWT_ACCESS_KEY?: string;
  PROJECT_ACCESS_KEY?: string;
  API_TOKENS?: string;
  MAX_CALLS_PER_SECOND?: string;
  MEDIA_PRIVATE_HOSTS?: string;
  IPFS_GATEWAYS?: string;
  AR_GATEWAYS?: string;
  JOB_CONCURRENCY?: string;
  MAX_ATTEMPTS?: string;
  CALL_TIMEOUT_MS?: string;
  DEAD_LETTER_DAYS?: string;
  /** `npm run deploy -- --plan free` sets it, so that `doctor` can tell the limits. */
  PLAN?: string;
  /** `npm start` hands over its own start, epoch ms: what the local queue held before is gone. */
  STARTED_AT?: string;
};

export type ApiToken = { readonly name: string; readonly role: Role; readonly sha256: string };

export type Config = {
  readonly metadataUrl: string;
  readonly projectId: number;
  /** Everything stored is keyed by it: `emulator#1`, `https://metadata.sequence.app#30957`. */
  readonly target: string;
  readonly collectionId: number | null;
  readonly jwt: string;
  readonly projectAccessKey: string | null;
  /** Null: only the word `local`, and only on 127.0.0.1. */
  readonly apiTokens: readonly ApiToken[] | null;
  readonly maxCallsPerSecond: number | null;
  readonly mediaPrivateHosts: readonly string[];
  readonly mediaGateways: Gateways;
  readonly jobConcurrency: number;
  readonly maxAttempts: number;
  readonly callTimeoutMs: number;
  /** How long dead letters and replays are kept. */
  readonly deadLetterDays: number;
  /** Cloudflare's, for which this deployment is configured. */
  readonly plan: WorkersPlan;
  readonly startedAt: number;
};

/** One thing wrong with the configuration; `code` is `config.…`. */
export type ConfigProblem = { readonly code: string; readonly message: string; readonly next: string };

type Parsed = { [K in keyof Variables]: string };

export function readConfig(variables: Variables): Result<Config, readonly ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  const given = trimmed(variables);
  const metadataUrl = readUrl(given, problems);
  const claims = readKey(given, problems);
  const projectId = readProject(given, claims, problems);
  const mediaPrivateHosts = readPrivateHosts(given, problems);
  const gateways = (name: "IPFS_GATEWAYS" | "AR_GATEWAYS", fallback: readonly string[]) =>
    readBases(given, name, mediaPrivateHosts, problems) ?? fallback;
  const config = {
    metadataUrl: metadataUrl ?? "",
    projectId: projectId ?? 0,
    target: `${given.METADATA_URL && metadataUrl ? new URL(metadataUrl).origin : "emulator"}#${projectId}`,
    collectionId: whole(given, "COLLECTION_ID", null, 1, problems),
    jwt: given.JWT_ACCESS_KEY ?? "",
    projectAccessKey: given.PROJECT_ACCESS_KEY ?? null,
    apiTokens: readTokens(given, problems),
    maxCallsPerSecond: whole(given, "MAX_CALLS_PER_SECOND", null, 1, problems),
    mediaPrivateHosts,
    mediaGateways: {
      ipfs: gateways("IPFS_GATEWAYS", PUBLIC_GATEWAYS.ipfs),
      ar: gateways("AR_GATEWAYS", PUBLIC_GATEWAYS.ar),
    },
    jobConcurrency: whole(given, "JOB_CONCURRENCY", 6, 1, problems, 100) ?? 6,
    maxAttempts: whole(given, "MAX_ATTEMPTS", 5, 1, problems, 100) ?? 5,
    callTimeoutMs: whole(given, "CALL_TIMEOUT_MS", 30_000, 100, problems, 120_000) ?? 30_000,
    deadLetterDays:
      whole(given, "DEAD_LETTER_DAYS", LIMITS.deadLetterDays, 1, problems, 36_500) ?? LIMITS.deadLetterDays,
    plan: readPlan(given, problems),
    startedAt: whole(given, "STARTED_AT", 0, 0, problems) ?? 0,
  };
  return problems.length > 0 ? fail(problems) : ok(config);
}

function trimmed(variables: Variables): Parsed {
  const entries = Object.entries(variables).filter(
    ([, value]) => typeof value === "string" && value.trim() !== "",
  );
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value).trim()]));
}

function readUrl(given: Parsed, problems: ConfigProblem[]): string | null {
  const text = given.METADATA_URL ?? given.EMULATOR_URL;
  if (text === undefined) {
    problems.push(
      missing(
        "METADATA_URL",
        "Set METADATA_URL=https://metadata.sequence.app, or run `npm start`, which brings its own emulator.",
      ),
    );
    return null;
  }
  const url = URL.parse(text);
  if (url && (url.protocol === "https:" || url.protocol === "http:") && !url.username && !url.search) {
    return url.href.replace(/\/+$/, "");
  }
  problems.push(malformed("METADATA_URL", "a base URL such as https://metadata.sequence.app", text));
  return null;
}

const KeyClaims = z.object({ project: z.coerce.number().int().positive().optional() });

/** The claims are read unverified: only Sequence can verify them; here they catch a wrong paste early. */
function readKey(given: Parsed, problems: ConfigProblem[]): z.infer<typeof KeyClaims> | null {
  if (given.JWT_ACCESS_KEY === undefined) {
    problems.push({
      code: "config.key_missing",
      message: "JWT_ACCESS_KEY is not set.",
      next: "In Sequence Builder open Settings → API Keys, add a secret key with Write access and set it as JWT_ACCESS_KEY.",
    });
    return null;
  }
  try {
    return KeyClaims.parse(decodeJwt(given.JWT_ACCESS_KEY));
  } catch {
    problems.push({
      code: "config.key_not_jwt",
      message: `JWT_ACCESS_KEY is not a JWT: expected three parts joined by dots, got ${given.JWT_ACCESS_KEY.length} characters in ${given.JWT_ACCESS_KEY.split(".").length} part(s).`,
      next: "Copy the secret key (not the public access key) from Builder → Settings → API Keys; it is shown only once, so make a new one if it is gone.",
    });
    return null;
  }
}

function readProject(
  given: Parsed,
  claims: z.infer<typeof KeyClaims> | null,
  problems: ConfigProblem[],
): number | null {
  const stated = whole(given, "PROJECT_ID", null, 1, problems);
  const claimed = claims?.project ?? null;
  if (stated !== null && claimed !== null && stated !== claimed) {
    problems.push({
      code: "config.key_other_project",
      message: `JWT_ACCESS_KEY belongs to project ${claimed}, PROJECT_ID says ${stated}.`,
      next: `Set PROJECT_ID=${claimed}, or make a key in project ${stated}.`,
    });
  }
  if (stated === null && claimed === null && claims !== null) {
    problems.push(
      missing(
        "PROJECT_ID",
        "The key names no project: set PROJECT_ID to the number in Builder's address bar.",
      ),
    );
  }
  return stated ?? claimed;
}

function readTokens(given: Parsed, problems: ConfigProblem[]): ApiToken[] | null {
  if (given.API_TOKENS === undefined) return null;
  const tokens: ApiToken[] = [];
  for (const entry of given.API_TOKENS.split(",")
    .map((text) => text.trim())
    .filter(Boolean)) {
    const [name, role, sha256] = entry.split(":");
    const known = ROLES.find((candidate) => candidate === role);
    if (name && known && sha256 && /^[0-9a-f]{64}$/i.test(sha256) && entry.split(":").length === 3) {
      tokens.push({ name, role: known, sha256: sha256.toLowerCase() });
    } else {
      problems.push(
        malformed(
          "API_TOKENS",
          "name:role:sha256hex with role viewer, operator or admin",
          `${name ?? ""}:${role ?? ""}:…`,
        ),
      );
    }
  }
  return tokens;
}

function readPlan({ PLAN = "paid" }: Parsed, problems: ConfigProblem[]): WorkersPlan {
  const plan = PLANS.find((known) => known === PLAN);
  if (plan === undefined) problems.push(malformed("PLAN", PLANS.join(" or "), PLAN));
  return plan ?? "paid";
}

function readPrivateHosts(given: Parsed, problems: ConfigProblem[]): string[] {
  const hosts = (given.MEDIA_PRIVATE_HOSTS ?? "")
    .split(",")
    .map((text) => text.trim().toLowerCase())
    .filter(Boolean);
  for (const host of hosts) {
    if (!/^(\[[0-9a-f:.]+\]|[a-z0-9.-]+):\d{1,5}$/.test(host)) {
      problems.push(malformed("MEDIA_PRIVATE_HOSTS", "host:port, comma-separated", host));
    }
  }
  return hosts;
}

/** Null where there is none. A gateway is asked for strangers' media, so the guard's rules hold for it as well. */
function readBases(
  given: Parsed,
  name: "IPFS_GATEWAYS" | "AR_GATEWAYS",
  privateHosts: readonly string[],
  problems: ConfigProblem[],
): readonly string[] | null {
  const read = readGateways(given[name] ?? "", privateHosts);
  if (read.ok) return read.value.length > 0 ? read.value : null;
  const expected =
    "base URLs such as https://ipfs.example.com, comma-separated; private ones also in MEDIA_PRIVATE_HOSTS";
  problems.push(malformed(name, expected, read.error));
  return null;
}

function whole(
  given: Parsed,
  name: keyof Variables,
  fallback: number | null,
  min: number,
  problems: ConfigProblem[],
  max = Number.MAX_SAFE_INTEGER,
): number | null {
  const text = given[name];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  problems.push(
    malformed(name, `a whole number from ${min}${max < Number.MAX_SAFE_INTEGER ? ` to ${max}` : ""}`, text),
  );
  return fallback;
}

const missing = (name: string, next: string): ConfigProblem => ({
  code: "config.missing",
  message: `${name} is not set.`,
  next,
});

const malformed = (name: string, expected: string, got: string): ConfigProblem => ({
  code: "config.malformed",
  message: `${name}: expected ${expected}, got "${got.slice(0, 80)}".`,
  next: `Correct ${name} in .env (in production in wrangler.toml, or a secret with \`npx wrangler secret put ${name}\`) and start again.`,
});
