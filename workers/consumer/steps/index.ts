/** The steps of each kind of batch in their order, and what a run of them comes to. */

import type { BatchKind } from "../../../shared/job/batch.ts";
import type { JobOutcome, Step } from "../../../shared/job/job.ts";
import type { RunOutcome } from "../../../shared/job/verdict.ts";
import { Stopped } from "../stopped.ts";
import { createAsset } from "./create-asset.ts";
import { createToken } from "./create-token.ts";
import { flipToken } from "./flip-token.ts";
import { discardMedia } from "./media.ts";
import { publishToken } from "./publish-token.ts";
import { isStillTheSame } from "./refresh.ts";
import type { Run, StepFailure, StepResult } from "./run.ts";
import { uploadAsset } from "./upload-asset.ts";
import { verifyToken } from "./verify-token.ts";

const STEPS: Readonly<Record<BatchKind, readonly [Step, (run: Run) => Promise<StepResult>][]>> = {
  submit: [
    ["create-token", createToken],
    ["create-asset", createAsset],
    ["upload-asset", uploadAsset],
    ["publish-token", publishToken],
  ],
  publish: [["publish-token", flipToken]],
  unpublish: [["unpublish-token", flipToken]],
  verify: [["verify-token", verifyToken]],
};

/** Runs the steps; stops between two of them where the delivery may not go on. */
export async function runSteps(run: Run): Promise<RunOutcome> {
  const { kind } = run.job.batch;
  if (kind !== "submit" && run.job.supersededBy !== null) return { kind: "completed", outcome: "unchanged" };
  try {
    if (kind !== "submit") return await pass(run);
    const same = await isStillTheSame(run);
    if (!same.ok) return failBefore(run, same.error);
    if (same.value) return { kind: "completed", outcome: "unchanged" };
    const first = await pass(run);
    if (first.kind !== "failed" || !isMissing(first)) return first;
    return await mend(run);
  } catch (error) {
    if (error instanceof Stopped || run.delivery.signal.aborted) return { kind: "stopped" };
    return { kind: "failed", step: lastStep(run), failure: defect(error) };
  } finally {
    await discardMedia(run);
  }
}

/** Nothing was begun yet: the media was only asked for. */
function failBefore(run: Run, error: StepFailure): RunOutcome {
  run.records.push({ step: error.step, ms: run.ctx.now() - run.startedAt, outcome: "failed" });
  return toFailed(error);
}

async function pass(run: Run): Promise<RunOutcome> {
  const { kind } = run.job.batch;
  for (const [step, perform] of STEPS[kind]) {
    const startedAt = run.ctx.now();
    const result = await perform(run);
    const outcome = !result.ok ? "failed" : result.value === "skipped" ? "reused" : result.value;
    // Media is fetched before the token is made: where it fails, the step to name is its upload.
    const named = result.ok ? step : result.error.step;
    run.records.push({ step: named, ms: run.ctx.now() - startedAt, outcome });
    if (!result.ok) return toFailed(result.error);
    if (result.value === "skipped") return { kind: "completed", outcome: "unchanged" };
  }
  return {
    kind: "completed",
    outcome: OUTCOME[kind] ?? (run.outputs.token === "created" ? "created" : "updated"),
  };
}

/** What a follow-up does to its token, whoever made that. */
const OUTCOME: { readonly [kind in BatchKind]?: JobOutcome } = {
  publish: "updated",
  unpublish: "updated",
  verify: "unchanged",
};

const isMissing = (run: RunOutcome): boolean =>
  run.kind === "failed" && run.failure.reason === "not_found" && run.step !== "create-token";

/** Something that an earlier step made has gone: look, make what is missing once, then let the failure stand. */
function mend(run: Run): Promise<RunOutcome> {
  run.seen ??= "absent";
  return pass(run);
}

const toFailed = ({ step, failure }: StepFailure): RunOutcome => ({ kind: "failed", step, failure });

const lastStep = (run: Run): Step =>
  run.records.at(-1)?.step ?? STEPS[run.job.batch.kind][0]?.[0] ?? "create-token";

/** A defect of ours, or of the platform under us: tried again like anything unnamed, and never thrown further. */
const defect = (error: unknown) => ({
  reason: "unnamed" as const,
  code: "job.defect",
  message:
    `Mintline failed here, not Sequence: ${error instanceof Error ? error.message : String(error)}`.slice(
      0,
      1_000,
    ),
  next: "Replay the row; if it fails the same way, report it with this message.",
  httpStatus: null,
  retryAfterSeconds: null,
  evidence: null,
});
