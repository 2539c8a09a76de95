/** After a deploy: is it in order? Asks the deployed producer itself, and that the local default token is refused. */
import { setTimeout } from "node:timers/promises";
import { createClient } from "../../shared/api/client.ts";
import { reportLines } from "../commands/doctor.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import type { Terminal } from "../terminal.ts";
import { DEPLOY } from "./numbers.ts";

/** @param token null: this deployment has its tokens, and none of them was given */
export async function checkUp(url: string, token: string | null, terminal: Terminal): Promise<ExitCode> {
  const answering = await untilAnswering(url);
  if (answering !== null) {
    terminal.complain(
      `error deploy.not_answering: ${url} does not answer: ${answering}.`,
      `next: A new address may take some minutes: then \`MINTLINE_URL=${url} MINTLINE_TOKEN=… npx --no mintline doctor\`. If your producer has another address, give it with --url.`,
    );
    return EXIT.unreachable;
  }
  const local = await createClient({ url, token: "local" }).doctor();
  if (local.ok) {
    terminal.complain(
      "error deploy.local_token: the deployment takes the token local, which everybody knows.",
      "next: Set API_TOKENS: `npx --no mintline token new NAME admin` prints an entry for it; then deploy again.",
    );
    return EXIT.rows;
  }
  if (token === null) {
    terminal.say(
      "doctor: not asked, because it needs an admin token. Set MINTLINE_TOKEN, or type:",
      `  MINTLINE_URL=${url} MINTLINE_TOKEN=… npx --no mintline doctor`,
    );
    return EXIT.good;
  }
  const report = await createClient({ url, token }).doctor();
  if (!report.ok) {
    const { error } = report;
    const why = error.reason === "refused" ? `${error.problem.code}: ${error.problem.detail}` : error.message;
    terminal.complain(
      `error deploy.doctor: doctor could not be asked: ${why}`,
      `next: MINTLINE_URL=${url} npx --no mintline doctor`,
    );
    return EXIT.rows;
  }
  terminal.say("doctor:", ...reportLines(report.value).map((line) => `  ${line}`));
  return report.value.ok ? EXIT.good : EXIT.rows;
}

/** A new workers.dev address answers 404 or not at all at first. @returns why it does not, after patience */
async function untilAnswering(url: string): Promise<string | null> {
  const until = Date.now() + DEPLOY.addressWithinMs;
  for (;;) {
    const why = await whySilent(url);
    if (why === null || Date.now() >= until) return why;
    await setTimeout(DEPLOY.addressEveryMs);
  }
}

async function whySilent(url: string): Promise<string | null> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(DEPLOY.answerWithinMs) });
    await response.arrayBuffer();
    return response.ok ? null : `/healthz answers ${response.status}`;
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    return cause instanceof Error ? cause.message : String(cause);
  }
}
