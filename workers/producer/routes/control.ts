/** Pausing, resuming, cancelling and starting a batch: one conditional statement, then whoever must act on it. */
import type { Context } from "hono";
import type { Problem } from "../../../shared/api/contract.ts";
import { problem } from "../../../shared/api/problems.ts";
import type { BatchState } from "../../../shared/job/batch.ts";
import {
  type BatchVerb,
  cancelBatch,
  EXPECTED_STATES,
  pauseBatch,
  resumeBatch,
  startBatch,
} from "../../../shared/store/batch-control.ts";
import { type App, dispatchNow, type ProducerContext, sweepNow, tellIntake } from "../context.ts";
import { refuse } from "../problem.ts";
import { NoQuery, readQuery } from "../query.ts";
import { batchView } from "../views/batch.ts";
import { answerBatch, findBatch } from "./batches.ts";

const MOVE = { pause: pauseBatch, resume: resumeBatch, cancel: cancelBatch, start: startBatch } as const;

export const controlBatch = (verb: BatchVerb) =>
  async function control(c: Context<App>): Promise<Response> {
    const { ctx } = c.var;
    const query = readQuery(c.req.url, NoQuery);
    if (!query.ok) return refuse(query.error);
    const id = c.req.param("id") ?? "";
    const moved = await MOVE[verb](ctx.db, { target: ctx.config.target, id, now: ctx.now() });
    const batch = await findBatch(ctx, id);
    if (!batch.ok) return refuse(batch.error);
    if (moved === null) return refuse(wrongState(verb, batch.value.state));
    ctx.log.info(`batch.${verb}`, { batchId: id, by: c.var.caller.name });
    c.executionCtx.waitUntil(followUp(ctx, id, moved));
    return answerBatch(c, batchView(batch.value));
  };

/** The answer need not wait for it: what is lost here, the sweep does. */
async function followUp(ctx: ProducerContext, id: string, state: BatchState): Promise<void> {
  if (state === "validating") await tellIntake(ctx, id);
  if (state === "running") await dispatchNow(ctx);
  if (state === "cancelled") await sweepNow(ctx);
}

function wrongState(verb: BatchVerb, got: BatchState): Problem {
  const expected = EXPECTED_STATES[verb];
  return problem(
    "batch.wrong_state",
    `To ${verb}, a batch must be ${expected.join(" or ")}; this one is ${got}.`,
    NEXT_FROM[got],
    { expected, got },
  );
}

export const NEXT_FROM: Readonly<Record<BatchState, string>> = {
  receiving: "Wait until the file has come in, or cancel the batch.",
  validating: "Wait until the file is validated; meanwhile the batch can be paused or cancelled.",
  invalid:
    "See `npx --no mintline status BATCH --errors` (GET /v1/batches/{id}/errors), correct the file and submit it again.",
  planned:
    "Start it as planned (`npx --no mintline start BATCH`, POST /v1/batches/{id}/start), or cancel it.",
  running: "It runs: pause or cancel it if it should stop.",
  paused: "Resume it (`npx --no mintline resume BATCH`, POST /v1/batches/{id}/resume), or cancel it.",
  halted: "Mend what `halted` names and resume it, or cancel it.",
  cancelled: "A cancelled batch stays so: submit the file again.",
  finished:
    "It is done; its dead letters can be replayed (`npx --no mintline replay --batch BATCH`, POST /v1/dead-letters/replay).",
};
