/** What answers without a token: health, the list of addresses, and every address that is none. */
import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { problem } from "../../../shared/api/problems.ts";
import { openDb, sql } from "../../../shared/store/db.ts";
import { addressesOf, nearestAddress } from "../addresses.ts";
import type { App } from "../context.ts";
import { refuse } from "../problem.ts";

type C = Context<App>;

/** 200 when D1 answers: without it nothing here works, and everything else has its own wait built in. */
export async function healthz(c: C): Promise<Response> {
  try {
    await openDb(c.env.DB).run(sql("SELECT 1"));
    return c.json({ ok: true });
  } catch {
    return refuse(
      problem(
        "health.unwell",
        "D1 does not answer.",
        "Look at the Worker's logs and at Cloudflare's status page.",
      ),
    );
  }
}

export const listAddresses = (app: Hono<App>) =>
  function addresses(c: C): Response | Promise<Response> {
    const rows = addressesOf(app).map(
      ({ method, path }) => html`<tr><td>${method}</td><td><code>${path}</code></td></tr>`,
    );
    return c.html(html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Mintline</title>
<h1>Mintline</h1>
<p>CSV in, published collectibles out. Everything under <code>/v1</code> wants <code>Authorization: Bearer</code> and a token.</p>
<table>${rows}</table>
</html>`);
  };

export const noSuchAddress = (app: Hono<App>) =>
  function notFound(c: C): Response {
    const nearest = nearestAddress(c.req.method, c.req.path, addressesOf(app));
    return refuse(
      problem(
        "route.not_found",
        `There is nothing at ${c.req.method} ${c.req.path}.`,
        nearest === null
          ? "GET / lists all addresses."
          : `Did you mean ${nearest.method} ${nearest.path}? GET / lists all addresses.`,
        nearest === null ? {} : { nearest: `${nearest.method} ${nearest.path}` },
      ),
    );
  };

export const methodRefused = (c: C, methods: readonly string[]): Response =>
  refuse(
    problem(
      "route.method_not_allowed",
      `${c.req.path} takes ${methods.join(", ")}, got ${c.req.method}.`,
      "Use one of these methods; GET / lists all addresses.",
      { allowed: methods },
    ),
    { allow: methods.join(", ") },
  );
