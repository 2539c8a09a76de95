/**
 * The end of the file: rows that name the same token, and whether the batch may go on at all. Rows whose ids are
 * derived are, where identical, as many tokens, and get their ordinals here; of others the first occurrence keeps
 * the id and the later ones become invalid.
 */
import { duplicateTokenId, repeatsAreTokens } from "../../../shared/intake/duplicates.ts";
import { noRows } from "../../../shared/intake/file-problems.ts";
import { areAllDifferent } from "../../../shared/intake/hash-lists.ts";
import { planOpening } from "../../../shared/intake/opening.ts";
import { countProblems, newTally } from "../../../shared/intake/tally.ts";
import { repeatTokenId } from "../../../shared/job/token-id.ts";
import {
  endInvalid,
  type IntakeBatch,
  insertRowErrors,
  moveIntake,
  recordStep,
} from "../../../shared/store/intake.ts";
import { deleteJobs, listRepeats, type Repeat, renameTokens } from "../../../shared/store/intake-tokens.ts";
import { inTurns } from "../others-first.ts";
import { endIf, GO, goIf, type IntakeContext, type Next } from "./context.ts";
import { dropLists, readLists } from "./lists.ts";
import { endWith } from "./open.ts";
import { placeWith, type StateOf } from "./state.ts";

/** Each page reads the whole batch, so it is as large as one parameter may be: two ids of 49 digits a row. */
const PAGE = 5_000;

export async function findDuplicates(
  batch: IntakeBatch,
  state: StateOf<"duplicates">,
  ctx: IntakeContext,
): Promise<Next> {
  const { plan } = planOpening(state.opening, batch.options);
  const lists = await readLists(batch, "tokens", ctx);
  if (await inTurns(areAllDifferent(lists, batch.rows.valid + state.removed))) return judge(batch, ctx);
  const repeats = await listRepeats(ctx.db, batch.id, PAGE);
  if (repeats.length === 0) return judge(batch, ctx);
  const derived = repeatsAreTokens(plan) ? null : await derivedLines(batch, ctx);
  const [tokens, twice] = parted(repeats, ({ line }) => derived === null || derived.has(line));
  const rename = renameTokens(batch.id, renamed(tokens));
  if (twice.length === 0) {
    // Nothing moves but the rows: those that have their ordinal are no repeats any more.
    await ctx.db.batch([rename]);
    return GO;
  }
  const tally = newTally(state.listed);
  const kept = countProblems(
    tally,
    twice.map((repeat) => duplicateTokenId(repeat, plan)),
  );
  const move = moveIntake(batch, {
    to: placeWith(
      batch.place,
      { ...state, listed: tally.listed, removed: state.removed + twice.length },
      null,
    ),
    add: { total: 0, valid: -twice.length, invalid: twice.length, warnings: 0 },
    now: ctx.now(),
  });
  const lines = JSON.stringify(twice.map(({ line }) => line));
  const statements = [rename, ...insertRowErrors(batch.id, kept), deleteJobs(batch.id, lines)];
  return goIf(await recordStep(ctx.db, statements, move));
}

/** In a file that gives some of its rows an id: the lines of the others. */
const derivedLines = async (batch: IntakeBatch, ctx: IntakeContext): Promise<Set<number>> =>
  new Set((await readLists(batch, "derived", ctx)).flatMap((list) => [...list]));

const parted = <T>(all: readonly T[], is: (one: T) => boolean): [T[], T[]] => [
  all.filter(is),
  all.filter((one) => !is(one)),
];

const renamed = (repeats: readonly Repeat[]): string =>
  JSON.stringify(
    repeats.map(({ line, tokenId, ordinal }) => [line, tokenId, repeatTokenId(tokenId, ordinal)]),
  );

async function judge(batch: IntakeBatch, ctx: IntakeContext): Promise<Next> {
  const next = await judgeRows(batch, ctx);
  if (next.kind === "lost") return next;
  await dropLists(batch, "tokens", ctx);
  await dropLists(batch, "derived", ctx);
  return next;
}

/** Everything is validated: nothing was sent to Sequence yet, and nothing will be if the batch ends here. */
async function judgeRows(batch: IntakeBatch, ctx: IntakeContext): Promise<Next> {
  const { total, valid, invalid } = batch.rows;
  const stops = invalid > 0 && batch.options.onInvalid === "stop";
  // Where rows are invalid and stop the batch, they are the reason, and each has said so itself.
  if (total === 0 || (valid === 0 && !stops)) return endWith(batch, [noRows(invalid)], ctx);
  if (stops) return endIf(await recordStep(ctx.db, [], endInvalid(batch, ctx.now())));
  const to = placeWith(batch.place, { phase: "check", tries: 0 });
  return goIf(await recordStep(ctx.db, [], moveIntake(batch, { to, now: ctx.now() })));
}
