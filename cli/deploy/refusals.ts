/**
 * What must never reach a deployment, checked before anything is asked of Cloudflare, all of it named at once.
 * Pure. The configuration's own completeness is `readConfig`'s matter; this is about what is well-formed and wrong.
 */
import { createHash } from "node:crypto";
import { type Fault, usageFault } from "../failure.ts";
import { WORKERS } from "./committed.ts";
import type { Wanted } from "./complete.ts";
import { DEPLOY } from "./numbers.ts";
import type { Choices } from "./options.ts";
import { SECRET_NAMES } from "./secrets.ts";

type Given = Readonly<Record<string, string | undefined>>;

export function refusals(wanted: Wanted, choices: Choices, given: Given): Fault[] {
  const perWorker = WORKERS.flatMap((id) => refusedVars(wanted.workers[id].config.vars, choices));
  const unique = new Map([...perWorker, ...refusedEnvironment(given)].map((fault) => [fault.message, fault]));
  return [...unique.values()];
}

function refusedVars(vars: Readonly<Record<string, unknown>>, choices: Choices): Fault[] {
  const text = (name: string): string => String(vars[name] ?? "").trim();
  const faults: Fault[] = [];
  if (text("MEDIA_PRIVATE_HOSTS") !== "") faults.push(privateHosts);
  if (text("EMULATOR_URL") !== "") faults.push(emulator);
  const ceiling = text("MAX_CALLS_PER_SECOND");
  const expected = choices.vars.MAX_CALLS_PER_SECOND ?? String(DEPLOY.callsPerSecond);
  if (ceiling !== expected) faults.push(ceilingFault(ceiling));
  if (!isPublicHttps(text("METADATA_URL"))) faults.push(metadataUrl(text("METADATA_URL")));
  for (const name of SECRET_NAMES) if (name in vars) faults.push(secretInVars(name));
  return faults;
}

function refusedEnvironment(given: Given): Fault[] {
  const faults: Fault[] = [];
  if ((given.EMULATOR_URL ?? "").trim() !== "") faults.push(emulator);
  if (admitsLocal(given.API_TOKENS ?? "")) faults.push(localToken);
  return faults;
}

/** Everybody knows the word `local`; its hash in API_TOKENS would let everybody in. */
const LOCAL_HASH = createHash("sha256").update("local").digest("hex");
const admitsLocal = (tokens: string): boolean => tokens.toLowerCase().includes(LOCAL_HASH);

const localToken = usageFault(
  "deploy.local_token",
  "API_TOKENS holds the hash of the word local, which everybody knows: it is for 127.0.0.1 only.",
  "Make a token with `npx --no mintline token new NAME admin`, and put the entry that it prints into API_TOKENS.",
);

const privateHosts = usageFault(
  "deploy.private_hosts",
  "MEDIA_PRIVATE_HOSTS is not empty: a deployment fetches media from public addresses only.",
  "Take MEDIA_PRIVATE_HOSTS out of the environment and of both wrangler.toml files.",
);

const emulator = usageFault(
  "deploy.emulator",
  "EMULATOR_URL is set: a deployment speaks to Sequence, never to the local emulator.",
  "Take EMULATOR_URL out of the environment and of both wrangler.toml files.",
);

const ceilingFault = (got: string): Fault =>
  usageFault(
    "deploy.call_ceiling",
    `MAX_CALLS_PER_SECOND: expected ${DEPLOY.callsPerSecond}, got ${got === "" ? "nothing" : `"${got.slice(0, 40)}"`}. The limit is per project, and the live game shares it.`,
    `Set it to "${DEPLOY.callsPerSecond}" in both wrangler.toml files and take it out of the environment; a lower one is \`npm run deploy -- --max-calls-per-second N\`.`,
  );

const metadataUrl = (got: string): Fault =>
  usageFault(
    "deploy.metadata_url",
    `METADATA_URL: expected a public https address, got ${got === "" ? "nothing" : `"${got.slice(0, 80)}"`}.`,
    "Set METADATA_URL to https://metadata.sequence.app, or to https://dev-metadata.sequence.app for a staging project.",
  );

const secretInVars = (name: string): Fault =>
  usageFault(
    "deploy.secret_in_vars",
    `${name} stands among the [vars] of a wrangler.toml, where everybody with access to the account or the repository reads it.`,
    `Take it out there and make a new one; \`npm run deploy\` asks for ${name} where it is missing.`,
  );

function isPublicHttps(text: string): boolean {
  const url = URL.parse(text);
  if (url?.protocol !== "https:") return false;
  return url.hostname.includes(".") && !/^[\d.]+$|^\[|\.(local|internal|localhost)$/.test(url.hostname);
}
