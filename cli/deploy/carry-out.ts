/** Does what the plan says, one action after the other, and stops at the first that is refused. */
import * as z from "zod";
import { fail, ok, type Result } from "../../shared/result.ts";
import type { Fault } from "../failure.ts";
import { type Ask, faultOf, type Refusal, refusedFault } from "./api.ts";
import type { Bundle } from "./bundle.ts";
import type { WorkerId } from "./committed.ts";
import type { Wanted } from "./complete.ts";
import { Lifecycle, type LifecycleRule } from "./facts.ts";
import { buildOf, withSecretsFile, writeConfig } from "./generated.ts";
import { notAllowed } from "./grants.ts";
import type { Action } from "./plan.ts";
import type { Secrets } from "./secrets.ts";
import type { Wrangler, WranglerFailure } from "./wrangler.ts";

export type Site = {
  readonly ask: Ask;
  readonly account: string;
  readonly wrangler: Wrangler;
  readonly wanted: Wanted;
  readonly bundles: Readonly<Record<WorkerId, Bundle>>;
  readonly secrets: Secrets;
  /** For what Wrangler is given; of this environment alone. */
  readonly folder: string;
  /** Null until it is created. */
  readonly databaseId: string | null;
};

/** Wrangler prints and exits; what it tells in words is brought into one shape with what we ask ourselves. */
export type Failure = { readonly fault: Fault; readonly lastLines: readonly string[] };

/** @returns the site as the next action finds it */
export async function carryOut(action: Action, site: Site): Promise<Result<Site, Failure>> {
  const { ask } = site;
  const at = `/accounts/${site.account}`;
  switch (action.do) {
    case "create-queue":
      return then(site, await ask("POST", `${at}/queues`, Anything, queueBody(action)));
    case "set-retention":
      return then(
        site,
        await ask("PATCH", `${at}/queues/${action.id}`, Anything, {
          queue_name: action.name,
          settings: action.settings,
        }),
      );
    case "create-database": {
      const made = await ask("POST", `${at}/d1/database`, z.looseObject({ uuid: z.string() }), {
        name: action.name,
      });
      return made.ok ? ok({ ...site, databaseId: made.value.uuid }) : refused(made.error);
    }
    case "create-bucket":
      return then(site, await ask("POST", `${at}/r2/buckets`, Anything, { name: action.name }));
    case "add-rule":
      return then(site, await addRule(ask, `${at}/r2/buckets/${action.bucket}`, action.rule));
    case "migrate":
      return migrate(action.database, site);
    case "deploy-worker":
      return deployWorker(action.worker, action.secrets, site);
  }
}

const NO_PERMISSION = 10000;
const Anything = z.unknown();

const queueBody = ({ name, retentionSeconds }: Extract<Action, { do: "create-queue" }>) => ({
  queue_name: name,
  ...(retentionSeconds === null ? {} : { settings: { message_retention_period: retentionSeconds } }),
});

/** The call replaces all rules, and R2 puts one of its own into a new bucket: those that are there are sent along. */
async function addRule(ask: Ask, bucket: string, rule: LifecycleRule): Promise<Result<unknown, Refusal>> {
  const there = await ask("GET", `${bucket}/lifecycle`, Lifecycle);
  if (!there.ok) return there;
  return ask("PUT", `${bucket}/lifecycle`, Anything, { rules: [...there.value.rules, rule] });
}

const then = (site: Site, done: Result<unknown, Refusal>): Result<Site, Failure> =>
  done.ok ? ok(site) : refused(done.error);

const refused = (refusal: Refusal): Result<never, Failure> =>
  fail({ fault: faultOf(refusal), lastLines: [] });

async function migrate(database: string, site: Site): Promise<Result<Site, Failure>> {
  const config = await configOf("producer", site);
  const done = await site.wrangler(["d1", "migrations", "apply", database, "--remote", "--config", config]);
  return done.ok ? ok(site) : fail(wranglerFailure(done.error));
}

async function deployWorker(
  id: WorkerId,
  names: readonly string[],
  site: Site,
): Promise<Result<Site, Failure>> {
  const config = await configOf(id, site);
  const values: Record<string, string | undefined> = { ...site.secrets.values };
  // Taken along where it was given: the only one that is not required.
  const wished = names.includes("API_TOKENS") ? [...names, "PROJECT_ACCESS_KEY"] : names;
  const secrets = Object.fromEntries(
    wished.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  );
  const deploy = (more: readonly string[]) => site.wrangler(["deploy", "--config", config, ...more]);
  const done =
    Object.keys(secrets).length === 0
      ? await deploy([])
      : await withSecretsFile(site.folder, id, secrets, (path) => deploy(["--secrets-file", path]));
  return done.ok ? ok(site) : fail(without(Object.values(secrets), wranglerFailure(done.error)));
}

/** Wrangler hides secrets in what it prints; that is not left to it alone. */
const without = (secrets: readonly (string | undefined)[], { fault, lastLines }: Failure): Failure => {
  const hide = (text: string): string =>
    secrets.reduce<string>(
      (hidden, secret) => (secret ? hidden.replaceAll(secret, "(hidden)") : hidden),
      text,
    );
  return { fault: { ...fault, message: hide(fault.message) }, lastLines: lastLines.map(hide) };
};

/** @returns the path of the Worker's completed configuration, which is also what people give Wrangler later */
export async function configOf(id: WorkerId, { wanted, bundles, databaseId, folder }: Site): Promise<string> {
  if (databaseId === null) throw new Error("A Worker cannot be configured before its database is there.");
  const worker = wanted.workers[id];
  const build = await buildOf(worker, bundles[id], databaseId);
  return writeConfig(folder, id, worker, bundles[id], databaseId, build);
}

/**
 * Wrangler's message names the path that was refused: `A request to the Cloudflare API (/accounts/…) failed.` After
 * a missing permission it asks who the token belongs to, which may fail as well: the first of them is the cause.
 */
export function wranglerFailure({ command, code, message, lastLines }: WranglerFailure): Failure {
  const said = [...lastLines, message].join("\n");
  const path = /\((\/accounts\/[^)\s]+)\) failed/.exec(said)?.[1] ?? null;
  const fault =
    path !== null && (code === NO_PERMISSION || said.includes(`[code: ${NO_PERMISSION}]`))
      ? notAllowed(`\`wrangler ${command}\` at`, path, NO_PERMISSION)
      : refusedFault(`\`wrangler ${command}\``, code, message === "" ? "see below" : message);
  return { fault, lastLines };
}
