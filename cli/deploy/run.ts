/**
 * One deploy, from the committed files to a checked deployment. Each part may end it with an exit code; whatever
 * was done by then stays done, and the same command goes on from there.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { fail, ok, type Result } from "../../shared/result.ts";
import { EXIT, type ExitCode, type Fault, tellFault, usageFault } from "../failure.ts";
import type { Terminal } from "../terminal.ts";
import { type Account, logIn } from "./account.ts";
import { faultOf } from "./api.ts";
import type { Asker } from "./ask.ts";
import { type Bundle, bundleWorker } from "./bundle.ts";
import { carryOut, configOf, type Site, wranglerFailure } from "./carry-out.ts";
import { checkUp } from "./check-up.ts";
import { readCommitted, WORKERS, type WorkerId } from "./committed.ts";
import { completeWanted, databaseOf, type Wanted } from "./complete.ts";
import { destroy } from "./destroy.ts";
import { type Facts, NOTHING, readFacts } from "./facts.ts";
import { buildOf, removeLeftSecrets } from "./generated.ts";
import { heavyStatements } from "./heavy.ts";
import type { Choices } from "./options.ts";
import { type Action, actionsOf, pendingMigrations, planSteps, type Step } from "./plan.ts";
import { tellBundles, tellCosts, tellPlan } from "./plan-text.ts";
import { refusals } from "./refusals.ts";
import { gatherSecrets, missingSecrets, type Secrets } from "./secrets.ts";
import { createWrangler, type Environment, type Wrangler } from "./wrangler.ts";

export type Deploy = {
  readonly project: string;
  readonly choices: Choices;
  readonly environment: Environment;
  readonly terminal: Terminal;
  readonly asker: Asker;
};

type Bundles = Readonly<Record<WorkerId, Bundle>>;
type Planned = { readonly steps: readonly Step[]; readonly bundles: Bundles };

export async function runDeploy(deploy: Deploy): Promise<ExitCode> {
  const { project, choices, environment, terminal } = deploy;
  const wanted = completeWanted(await readCommitted(project), choices, environment, project);
  if (!choices.destroy) {
    const faults = refusals(wanted, choices, environment);
    if (faults.length > 0) return tellAll(terminal, faults);
  }
  await removeLeftSecrets(folderOf(deploy));
  if (choices.dryRun && !choices.destroy) return dryRun(deploy, wanted);
  const account = await logIn(environment, createWrangler(folderOf(deploy), environment));
  if (!account.ok) return tellFault(terminal, account.error);
  const facts = await readFacts(account.value.ask, account.value.id, wanted);
  if (!facts.ok) return tellFault(terminal, faultOf(facts.error));
  if (choices.destroy) {
    const { ask, id } = account.value;
    return destroy(wanted, facts.value, ask, id, deploy.asker, terminal, choices.dryRun);
  }
  return deployAll(deploy, wanted, account.value, facts.value);
}

/** With a token in the environment it compares with the account, reading only; without one with an empty account. */
async function dryRun(deploy: Deploy, wanted: Wanted): Promise<ExitCode> {
  const { environment, terminal, choices } = deploy;
  const wrangler = createWrangler(folderOf(deploy), environment);
  const account = environment.CLOUDFLARE_API_TOKEN ? await logIn(environment, wrangler) : null;
  if (account?.ok === false) return tellFault(terminal, account.error);
  const facts = account === null ? ok(NOTHING) : await readFacts(account.value.ask, account.value.id, wanted);
  if (!facts.ok) return tellFault(terminal, faultOf(facts.error));
  const planned = await plan(deploy, wanted, facts.value, wrangler);
  if (!planned.ok) return planned.error;
  tellPlan(
    terminal,
    wanted,
    planned.value.steps,
    account === null ? "for an empty account" : "compared with the account",
  );
  tellBundles(terminal, Object.values(planned.value.bundles));
  tellCosts(terminal, choices.plan, account?.value.plan);
  terminal.say("Dry run: nothing was changed.");
  return EXIT.good;
}

async function deployAll(deploy: Deploy, wanted: Wanted, account: Account, facts: Facts): Promise<ExitCode> {
  const { terminal, choices, environment, asker } = deploy;
  const wrangler = createWrangler(folderOf(deploy), account.environment);
  const planned = await plan(deploy, wanted, facts, wrangler);
  if (!planned.ok) return planned.error;
  const { steps, bundles } = planned.value;
  const actions = actionsOf(steps);
  tellPlan(terminal, wanted, steps, "compared with the account");
  tellBundles(terminal, Object.values(bundles));
  tellCosts(terminal, choices.plan, account.plan);
  if (choices.plan === "paid" && account.plan === "free") return tellFault(terminal, onFree);
  const secrets = await gatherSecrets(missingSecrets(actions), wanted, environment, asker);
  if (!secrets.ok) return tellAll(terminal, secrets.error);
  await tellMigrations(deploy, wanted, account, facts);
  const start: Site = {
    ...{ ask: account.ask, account: account.id, wrangler, wanted, bundles, secrets: secrets.value },
    ...{ folder: folderOf(deploy), databaseId: facts.database?.id ?? null },
  };
  const done = await carryOutAll(actions, steps, start, terminal);
  if (done !== EXIT.good) return done;
  const url = choices.url ?? `https://${wanted.workers.producer.name}.${account.subdomain}.workers.dev`;
  if (actions.length === 0) terminal.say("Nothing to do: all of it is there.");
  terminal.say("", `Dashboard: ${url}/`);
  return checkUp(url, secrets.value.adminToken ?? (environment.MINTLINE_TOKEN?.trim() || null), terminal);
}

async function plan(
  { project, terminal }: Deploy,
  wanted: Wanted,
  facts: Facts,
  wrangler: Wrangler,
): Promise<Result<Planned, ExitCode>> {
  const generated = join(project, GENERATED);
  const [consumer, producer] = await Promise.all([
    bundleWorker("consumer", project, generated, wrangler),
    bundleWorker("producer", project, generated, wrangler),
  ]);
  for (const made of [consumer, producer]) {
    if (made.ok) continue;
    const { fault, lastLines } = wranglerFailure(made.error);
    terminal.complain(...lastLines);
    return fail(tellFault(terminal, { ...fault, code: "deploy.no_bundle" }));
  }
  if (!consumer.ok || !producer.ok) return fail(EXIT.usage);
  const bundles = { consumer: consumer.value, producer: producer.value };
  const build = (id: WorkerId) => buildOf(wanted.workers[id], bundles[id], facts.database?.id ?? null);
  const builds = { consumer: await build("consumer"), producer: await build("producer") };
  return ok({ bundles, steps: planSteps(wanted, facts, builds, await migrationsOf(wanted)) });
}

/** In the order in which Wrangler applies them: that of their names. */
export async function migrationsOf(wanted: Wanted): Promise<string[]> {
  const { migrations_dir } = databaseOf(wanted.workers.producer.config);
  return (await readdir(migrations_dir)).filter((name) => name.endsWith(".sql")).sort();
}

async function carryOutAll(
  actions: readonly Action[],
  steps: readonly Step[],
  start: Site,
  terminal: Terminal,
): Promise<ExitCode> {
  let site = start;
  for (const action of actions) {
    const step = steps.find((one) => one.action === action);
    if (action.do === "deploy-worker" && action.worker === "producer") tellToken(terminal, site.secrets);
    const done = await carryOut(action, site);
    if (!done.ok) {
      terminal.complain(...done.error.lastLines.map((line) => `  ${line}`));
      return tellFault(terminal, done.error.fault);
    }
    site = done.value;
    terminal.say(`done: ${step?.verb ?? action.do} ${step?.thing ?? ""} ${step?.name ?? ""}`);
  }
  // Also where nothing was to be done: on another machine, people need them for Wrangler's own commands.
  if (site.databaseId !== null) for (const id of WORKERS) await configOf(id, site);
  return EXIT.good;
}

/**
 * Before the upload that makes it count, not after: should this process die in between, the person holds a token
 * that the next run replaces, instead of a deployment holding a hash that nobody knows the token of.
 */
function tellToken(terminal: Terminal, { adminToken }: Secrets): void {
  if (adminToken === null) return;
  terminal.say(
    "",
    "First admin token, shown only this once (the deployment keeps its hash; it counts when the producer is up):",
    `  MINTLINE_TOKEN=${adminToken}`,
    "",
  );
}

/** Where data is there already: what holds it up, and the way back, while there still is one (D1 keeps 30 days). */
async function tellMigrations(
  { terminal }: Deploy,
  wanted: Wanted,
  account: Account,
  facts: Facts,
): Promise<void> {
  const { database } = facts;
  if (database === null || database.applied.length === 0) return;
  const pending = pendingMigrations(facts, await migrationsOf(wanted));
  if (pending.length === 0) return;
  for (const name of pending) {
    const sql = await readFile(join(databaseOf(wanted.workers.producer.config).migrations_dir, name), "utf8");
    for (const heavy of heavyStatements(sql)) {
      terminal.say(
        `warning: ${name} ${heavy}. D1 answers nobody meanwhile: pause the batches, or see workers/DEPLOYING.md.`,
      );
    }
  }
  const path = `/accounts/${account.id}/d1/database/${database.id}/time_travel/bookmark`;
  const found = await account.ask("GET", path, z.looseObject({ bookmark: z.string() }));
  const config = `--config ${GENERATED}/${wanted.environment}/producer.json`;
  terminal.say(
    found.ok
      ? `The way back from these migrations: npx wrangler d1 time-travel restore ${wanted.database} --bookmark=${found.value.bookmark} ${config}`
      : `D1 told no bookmark (${found.error.message}); \`npx wrangler d1 time-travel info ${wanted.database} ${config}\` does.`,
  );
}

const GENERATED = ".wrangler/cloudflare";
const folderOf = ({ project, choices }: Deploy): string => join(project, GENERATED, choices.environment);

function tellAll(terminal: Terminal, faults: readonly Fault[]): ExitCode {
  for (const fault of faults) tellFault(terminal, fault);
  return EXIT.usage;
}

const onFree = usageFault(
  "deploy.plan_is_free",
  "The account is on Workers Free, and this configuration needs Workers Paid: ten jobs a delivery, CPU limits, 14 days of retention.",
  "Subscribe at dash.cloudflare.com → Workers & Pages → Plans ($5 a month), or deploy the Free profile: `npm run deploy -- --plan free`.",
);
