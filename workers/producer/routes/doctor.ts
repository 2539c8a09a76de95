/** `GET /v1/doctor`: is this deployment ready to publish? Reads only. */
import type { Context } from "hono";
import type { DoctorReport, Finding } from "../../../shared/api/contract.ts";
import { createSequence } from "../../../shared/sequence/client.ts";
import type { App, ProducerContext } from "../context.ts";
import { checkAccess, checkCollection, checkConfig, checkKey, checkWrite } from "../doctor/account.ts";
import { checkClock, dateRecorder } from "../doctor/clock.ts";
import { checkD1, checkPlan, checkQueue, checkR2 } from "../doctor/platform.ts";
import { refuse } from "../problem.ts";
import { NoQuery, readQuery } from "../query.ts";

export async function getDoctor(c: Context<App>): Promise<Response> {
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const findings = await examine(c.var.ctx);
  const report: DoctorReport = { ok: findings.every(({ severity }) => severity !== "error"), findings };
  return c.json(report);
}

async function examine(ctx: ProducerContext): Promise<Finding[]> {
  const { config, now } = ctx;
  const dates = dateRecorder(ctx.fetch, now);
  const sequence = createSequence({ ...config, fetch: dates.fetch, now });
  const access = await checkAccess(config, sequence);
  // Behind a refused key every further question would only be refused again.
  const beyond = access.ok ? [await checkWrite(sequence), await checkCollection(config, sequence)] : [];
  return [
    checkConfig(config),
    ...checkPlan(config),
    checkKey(config, now()),
    access,
    ...beyond,
    checkClock(dates.skewMs()),
    ...(await Promise.all([checkD1(ctx.db), checkR2(ctx.bucket), checkQueue(ctx.jobs)])),
  ];
}
