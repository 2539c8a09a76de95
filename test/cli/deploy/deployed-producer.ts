/** The producer as a deploy finds it when it is up: it knows the tokens that were uploaded as its secret. */
import { createHash } from "node:crypto";
import { Hono } from "hono";
import type { DoctorReport } from "../../../shared/api/contract.ts";
import { problem } from "../../../shared/api/problems.ts";
import type { PlayAccount } from "./play-account.ts";

const REPORT: DoctorReport = {
  ok: true,
  findings: [
    {
      check: "d1",
      ok: true,
      severity: "ok",
      code: "d1.ok",
      message: "Answers, and its tables are there.",
      next: null,
    },
  ],
};

export function deployedProducer(account: PlayAccount): Hono {
  const app = new Hono();
  const producer = () => [...account.scripts].find(([name]) => name.startsWith("mintline-producer"))?.[1];
  app.get("/healthz", (c) => c.json({ ok: true }, producer() === undefined ? 404 : 200));
  app.get("/v1/doctor", (c) => {
    const sent = c.req.header("authorization")?.replace("Bearer ", "") ?? "";
    const hash = createHash("sha256").update(sent).digest("hex");
    if (producer()?.secrets.get("API_TOKENS")?.includes(hash)) return c.json(REPORT);
    const refused = problem("auth.unknown_token", "The token is none of this deployment's.", "Check it.");
    return c.json(refused, 401, { "content-type": "application/problem+json" });
  });
  return app;
}
