/** The first call to Sequence, after the whole file is valid: one GetCollection proves host, key, project and collection. */

import { errorAt } from "../../../shared/intake/problem.ts";
import type { Waiting } from "../../../shared/job/batch.ts";
import type { Failure } from "../../../shared/job/failure.ts";
import { PLATFORM, SECOND } from "../../../shared/limits.ts";
import { proveCollection } from "../../../shared/sequence/prove.ts";
import { insertCollectionDrift } from "../../../shared/store/follow-ups.ts";
import { haltIntake, type IntakeBatch, moveIntake, recordStep } from "../../../shared/store/intake.ts";
import { countOwned } from "../../../shared/store/intake-tokens.ts";
import { endIf, goIf, type IntakeContext, LOST, type Next } from "./context.ts";
import { endWith } from "./open.ts";
import { type IntakeState, placeWith, type StateOf } from "./state.ts";

export async function checkCollection(
  batch: IntakeBatch,
  state: StateOf<"check">,
  ctx: IntakeContext,
): Promise<Next> {
  const proven = await proveCollection(ctx.sequence, batch.collectionId);
  if (!proven.ok) return settleFailure(batch, state, proven.error, ctx);
  const { published, tokenCount } = proven.value;
  if (batch.kind !== "submit") return goOnToCopy(batch, published, ctx);
  const owned = await countOwned(ctx.db, batch);
  // A token that somebody else made can be overwritten in silence, so it must be known before the first write.
  const strangers = tokenCount === null || tokenCount > owned;
  const next: IntakeState = strangers
    ? { phase: "list", page: 0, first: null, tries: 0 }
    : { phase: "unchanged", after: 0 };
  const move = moveIntake(batch, {
    to: placeWith(batch.place, next),
    waiting: null,
    collectionPublished: published,
    now: ctx.now(),
  });
  return goIf(await recordStep(ctx.db, [], move));
}

/** Of a follow-up. A collection that is not as public as it was left concerns no one row. */
async function goOnToCopy(batch: IntakeBatch, published: boolean, ctx: IntakeContext): Promise<Next> {
  const hidden = batch.kind === "verify" && batch.collectionPublished && !published;
  const next = `Publish it again: \`npx --no mintline collection publish ${batch.collectionId}\`.`;
  const drift = { field: "collection", expected: "published", got: "unpublished", next };
  const move = moveIntake(batch, {
    to: placeWith(batch.place, { phase: "copy", after: 0 }),
    waiting: null,
    collectionPublished: published,
    now: ctx.now(),
  });
  return goIf(await recordStep(ctx.db, hidden ? insertCollectionDrift(batch, drift, ctx.now()) : [], move));
}

/** How often a failure that names no cause is met before a person is asked. */
const UNNAMED_TRIES = 5;

/** An account's fault halts, a missing collection ends, everything else is waited out. */
export async function settleFailure(
  batch: IntakeBatch,
  state: StateOf<"check"> | StateOf<"list">,
  failure: Failure,
  ctx: IntakeContext,
): Promise<Next> {
  if (failure.code === "collection.not_found") {
    const place = { line: 1, column: "", value: String(batch.collectionId) };
    return endWith(batch, [errorAt(place, failure)], ctx);
  }
  const passes = failure.reason === "rate_limited" || failure.reason === "outcome_unknown";
  if (failure.reason === "account" || (!passes && state.tries + 1 >= UNNAMED_TRIES)) {
    const { code, message, next } = failure;
    return endIf(await recordStep(ctx.db, [], haltIntake(batch, { code, message, next })));
  }
  return waitOut(batch, state, failure, ctx);
}

const LONGEST_WAIT_SECONDS = 60;

async function waitOut(
  batch: IntakeBatch,
  state: StateOf<"check"> | StateOf<"list">,
  failure: Failure,
  ctx: IntakeContext,
): Promise<Next> {
  const asked = failure.retryAfterSeconds ?? Math.min(LONGEST_WAIT_SECONDS, 2 ** state.tries);
  const seconds = Math.min(PLATFORM.queueDelaySeconds, Math.max(1, Math.ceil(asked)));
  const waiting: Waiting = {
    reason: failure.reason === "rate_limited" ? "rate_limited" : "upstream_down",
    host: failure.evidence?.host ?? new URL(ctx.config.metadataUrl).host,
    since: batch.waiting?.since ?? ctx.now(),
    until: ctx.now() + seconds * SECOND,
    message: failure.message,
  };
  const to = placeWith(batch.place, { ...state, tries: state.tries + 1 });
  const moved = await recordStep(ctx.db, [], moveIntake(batch, { to, waiting, now: ctx.now() }));
  return moved ? { kind: "wait", seconds } : LOST;
}
