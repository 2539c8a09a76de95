/** What the doctor asks of the platform: database, bucket, queue. Nothing is written. */
import type { Finding } from "../../../shared/api/contract.ts";
import type { Config } from "../../../shared/config.ts";
import { FREE_PLAN_TEXT } from "../../../shared/plans.ts";
import { type Db, sql } from "../../../shared/store/db.ts";
import { doubtful, fine, wrong } from "./finding.ts";

/** Nothing to say on Workers Paid, or locally: a limit that nobody meets is no finding. */
export const checkPlan = ({ plan }: Config): Finding[] =>
  plan === "free"
    ? [
        doubtful(
          "plan",
          "plan.free",
          `Configured for Workers Free. ${FREE_PLAN_TEXT}`,
          "For more, subscribe to Workers Paid ($5 a month) and deploy with `npm run deploy`, without `--plan free`.",
        ),
      ]
    : [];

export const checkD1 = (db: Db): Promise<Finding> =>
  answered(
    "d1",
    async () => {
      await db.run(sql("SELECT count(*) FROM (SELECT 1 FROM batches LIMIT 1)"));
      return "Answers, and its tables are there.";
    },
    "Apply the migrations: `npm start` does; on Cloudflare `npm run deploy`.",
  );

export const checkR2 = (bucket: R2Bucket): Promise<Finding> =>
  answered(
    "r2",
    async () => {
      await bucket.head("doctor");
      return "Answers.";
    },
    "`npm run deploy` makes the bucket where it is missing; `npx wrangler r2 bucket list` shows those there are.",
  );

export const checkQueue = (queue: Queue): Promise<Finding> =>
  answered(
    "queue",
    async () => `Answers; ${(await queue.metrics()).backlogCount} message(s) wait.`,
    "`npm run deploy` makes the queues where they are missing; `npx wrangler queues list` shows those there are.",
  );

async function answered(check: string, ask: () => Promise<string>, next: string): Promise<Finding> {
  try {
    return fine(check, `${check}.ok`, await ask());
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return wrong(check, { code: `${check}.unreachable`, message: `Does not answer: ${message}`, next });
  }
}
