/** `GET /metrics`: what is under way, for whoever scrapes it. */
import type { Context } from "hono";
import { readMetrics } from "../../../shared/store/metrics.ts";
import type { App } from "../context.ts";
import { refuse } from "../problem.ts";
import { NoQuery, readQuery } from "../query.ts";
import { type Backlog, metricsText, OPEN_METRICS } from "../views/metrics.ts";

export async function getMetrics(c: Context<App>): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const [reading, ...backlogs] = await Promise.all([
    readMetrics(ctx.db, ctx.config.target),
    backlogOf("jobs", ctx.jobs),
    backlogOf("intake", ctx.intake),
  ]);
  return c.text(metricsText(reading, backlogs), 200, { "content-type": OPEN_METRICS });
}

/** A platform that does not answer takes nothing from what D1 knows. */
async function backlogOf(queue: string, binding: Pick<Queue, "metrics">): Promise<Backlog> {
  try {
    return { queue, messages: (await binding.metrics()).backlogCount };
  } catch {
    return { queue, messages: null };
  }
}
