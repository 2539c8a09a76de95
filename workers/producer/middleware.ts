/** What happens around every route: an id for the request, a context for `/v1`, and an end for the unexpected. */
import type { ErrorHandler, MiddlewareHandler } from "hono";
import { problem } from "../../shared/api/problems.ts";
import { createLog } from "../../shared/log.ts";
import { type App, openContext } from "./context.ts";
import { configProblem, refuse } from "./problem.ts";

const log = createLog({ worker: "producer" });

/** Our own id and never one that was sent: a log is searched by it, and two requests must not share one. */
export const stamped: MiddlewareHandler<App> = async (c, next) => {
  c.set("requestId", crypto.randomUUID());
  await next();
  c.header("X-Request-Id", c.var.requestId);
  c.header("X-Content-Type-Options", "nosniff");
  // Answers belong to the caller, and are asked for again (with the ETag where there is one) before use.
  if (!c.res.headers.has("cache-control")) c.header("Cache-Control", "private, no-cache");
};

/** Leaves the context for the routes, or answers with everything that is wrong with the configuration. */
export const prepared: MiddlewareHandler<App> = async (c, next) => {
  const ctx = openContext(c.env, { log: log.with({ requestId: c.var.requestId }) });
  if (!ctx.ok) return refuse(configProblem(ctx.error));
  c.set("ctx", ctx.value);
  return next();
};

/** A defect: all of it into the log, none of it to the client but the id to find it by. */
export const failed: ErrorHandler<App> = (error, c) => {
  const { requestId } = c.var;
  log.error("request.failed", { requestId, method: c.req.method, path: c.req.path, error });
  return refuse(
    problem(
      "internal",
      "Something unexpected happened here; it has been logged.",
      `Try again; if it happens again, look for request ${requestId} in the Worker's logs.`,
      { requestId },
    ),
  );
};
