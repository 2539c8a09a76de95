/**
 * Following a batch on the screen, and telling its end: what was done, what failed and why, and the command
 * to type next. The last line says what is missing for the result to be public.
 */
import type { Batch, DeadLetter } from "../shared/api/contract.ts";
import { LIMITS } from "../shared/limits.ts";
import {
  endText,
  exitForBatch,
  finishedJobs,
  planText,
  plural,
  progressText,
  rowProblemText,
  titleOf,
} from "./batch-text.ts";
import type { Context } from "./context.ts";
import type { ExitCode } from "./failure.ts";
import { atRest, followBatch } from "./follow.ts";
import { tellFollowUp } from "./follow-up-report.ts";
import { tellStillBetween } from "./still-between.ts";

/** Rows, reasons: enough to see what is wrong, few enough to stay on one screen. */
const SHOWN = 10;

export const headline = (batch: Batch): string =>
  `${batch.id}  ${titleOf(batch)} → collection ${batch.collectionId} (${batch.target})`;

export type Watching = {
  /** The batch has been named on the screen already. @default false */
  readonly named?: boolean;
};

/** Shows a batch until it rests, then tells its end. */
export async function watchBatch(context: Context, id: string, watching: Watching = {}): Promise<ExitCode> {
  const { terminal } = context;
  const progress = terminal.progress();
  let named = watching.named ?? false;
  let moved = false;
  const ended = await followBatch(context.client, context, id, {
    reading: (batch) => {
      terminal.emit(batch);
      if (!named) terminal.say(headline(batch));
      named = true;
      // A batch that rests already has nothing to draw.
      if (atRest(batch) && !moved) return;
      moved = true;
      progress.update(finishedJobs(batch), batch.rows.valid, progressText(batch));
    },
    lost: () => terminal.note(`No answer from ${context.client.url}; asking again.`),
  });
  progress.stop();
  return ended.ok ? tellEnd(context, ended.value) : context.failed(ended.error);
}

/** The end of a batch that rests, for people; machines have had the batch itself. */
export async function tellEnd(context: Context, batch: Batch): Promise<ExitCode> {
  if (!context.terminal.json) {
    context.terminal.say(endText(batch));
    if (batch.rows.invalid > 0 || batch.state === "invalid") await tellRowProblems(context, batch);
    if (batch.jobs.dead > 0) await tellDead(context, batch);
    if (batch.kind === "submit") tellRows(context, batch);
    else await tellFollowUp(context, batch);
    tellWhatHoldsIt(context, batch);
    await tellStillBetween(context, batch);
  }
  return exitForBatch(batch);
}

async function tellRowProblems({ client, terminal, typed }: Context, batch: Batch): Promise<void> {
  const page = await client.rowProblems(batch.id, { limit: LIMITS.listMax });
  if (!page.ok) return;
  const errors = page.value.items.filter((found) => found.severity === "error");
  terminal.say(...errors.slice(0, SHOWN).flatMap(rowProblemText));
  if (errors.length > SHOWN || page.value.nextCursor !== null) {
    terminal.say(`  … all of them: ${typed(`status ${batch.id} --errors`)}`);
  }
}

async function tellDead({ client, terminal, typed }: Context, batch: Batch): Promise<void> {
  const page = await client.deadLetters({ batchId: batch.id, limit: LIMITS.listMax });
  const reasons = page.ok ? topReasons(page.value.items) : [];
  terminal.say(
    `${plural(batch.jobs.dead, "row")} failed${page.ok && page.value.nextCursor ? `; of the newest ${LIMITS.listMax}:` : ":"}`,
    ...reasons.flatMap(({ count, letter }) => [
      `  ${count} × ${letter.code} (${letter.step}), such as line ${letter.line}: ${letter.message}`,
      `    next: ${letter.next}`,
    ]),
    `look:   ${typed(`dead-letters ${batch.id}`)}`,
    `replay: ${typed(`replay --batch ${batch.id} --watch`)}`,
  );
}

/** How to get rows back that are not done. Of an invalid batch nothing ran: there the file itself is to be mended. */
function tellRows({ terminal, typed }: Context, batch: Batch): void {
  const [, name = "", extension = "csv"] = /^(.*?)(?:\.([^.]*))?$/s.exec(batch.name) ?? [];
  const base = name.replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "") || batch.id;
  const ending = /^(jsonl?|ndjson)$/.test(extension) ? extension : "csv";
  const file = (kind: string): string => typed(`results ${batch.id} --${kind} -o ${base}-${kind}.${ending}`);
  if (batch.state === "invalid") {
    if (batch.rows.invalid > 0) terminal.say(`its rows, each with what is wrong: ${file("failed")}`);
    return;
  }
  const failed = batch.jobs.dead + batch.rows.invalid;
  if (failed > 0)
    terminal.say(`${plural(failed, "failed row")} as a file, to correct and submit: ${file("failed")}`);
  if (batch.jobs.cancelled > 0) terminal.say(`rows that were not run: ${file("unprocessed")}`);
}

/** The commonest reasons first; one letter stands for all of its code and step. */
export function topReasons(letters: readonly DeadLetter[]): { count: number; letter: DeadLetter }[] {
  const reasons = new Map<string, { count: number; letter: DeadLetter }>();
  for (const letter of letters) {
    if (letter.state !== "open") continue;
    const key = `${letter.step} ${letter.code}`;
    const known = reasons.get(key);
    reasons.set(key, { count: (known?.count ?? 0) + 1, letter: known?.letter ?? letter });
  }
  return [...reasons.values()].sort((a, b) => b.count - a.count).slice(0, SHOWN);
}

function tellWhatHoldsIt({ terminal, typed }: Context, batch: Batch): void {
  if (batch.plan) terminal.say(...planText(batch.plan));
  if (batch.halted) {
    terminal.say(
      `halted by ${batch.halted.code}: ${batch.halted.message}`,
      `next: ${batch.halted.next}`,
      `then: ${typed(`resume ${batch.id} --watch`)}`,
    );
  } else if (batch.state === "paused") {
    if (batch.waiting) terminal.say(`${batch.waiting.reason}: ${batch.waiting.message}`);
    terminal.say(`go on: ${typed(`resume ${batch.id} --watch`)}`);
  } else if (batch.state === "planned") {
    terminal.say(`run it: ${typed(`start ${batch.id} --watch`)}`);
  }
}
