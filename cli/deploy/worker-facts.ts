/** What of a Worker is there: the version that serves, its secrets, and what it is connected to. Reads only. */
import * as z from "zod";
import { ok, type Result } from "../../shared/result.ts";
import { type Ask, orNull, type Refusal } from "./api.ts";

export type WorkerFacts = {
  /** BUILD of the version that serves, as our last deploy wrote it; null: none of ours, or several versions. */
  readonly build: string | null;
  readonly secrets: readonly string[];
  readonly crons: readonly string[];
  readonly workersDev: boolean;
};

const Bindings = z
  .array(z.looseObject({ type: z.string(), name: z.string(), text: z.string().optional() }))
  .default([]);
const Settings = z.looseObject({ bindings: Bindings });
const Schedules = z.looseObject({ schedules: z.array(z.looseObject({ cron: z.string() })).default([]) });
const Subdomain = z.looseObject({ enabled: z.boolean() });

export async function readWorker(
  ask: Ask,
  at: string,
  name: string,
): Promise<Result<WorkerFacts | null, Refusal>> {
  const script = `${at}/workers/scripts/${name}`;
  const settings = await ask("GET", `${script}/settings`, Settings);
  if (!settings.ok) return orNull(settings.error);
  const build = await servingBuild(ask, script);
  if (!build.ok) return build;
  const schedules = await ask("GET", `${script}/schedules`, Schedules);
  if (!schedules.ok) return schedules;
  const subdomain = await ask("GET", `${script}/subdomain`, Subdomain);
  if (!subdomain.ok) return subdomain;
  return ok({
    build: build.value,
    secrets: settings.value.bindings.filter(({ type }) => type === "secret_text").map((one) => one.name),
    crons: schedules.value.schedules.map(({ cron }) => cron),
    workersDev: subdomain.value.enabled,
  });
}

const Deployments = z.looseObject({
  deployments: z
    .array(z.looseObject({ versions: z.array(z.looseObject({ version_id: z.string() })) }))
    .default([]),
});
const Version = z.looseObject({ resources: z.looseObject({ bindings: Bindings }) });

/**
 * Of the version that is deployed, not of the last that was uploaded: a deploy may have ended between the two, and
 * a rollback deploys an earlier one. The newest deployment is the first of the list.
 */
async function servingBuild(ask: Ask, script: string): Promise<Result<string | null, Refusal>> {
  const listed = await ask("GET", `${script}/deployments`, Deployments);
  if (!listed.ok) return orNull(listed.error);
  const [serving, ...others] = listed.value.deployments[0]?.versions ?? [];
  if (serving === undefined || others.length > 0) return ok(null);
  const version = await ask("GET", `${script}/versions/${serving.version_id}`, Version);
  if (!version.ok) return orNull(version.error);
  const { bindings } = version.value.resources;
  return ok(bindings.find(({ type, name }) => type === "plain_text" && name === "BUILD")?.text ?? null);
}
