/**
 * What became of a row, and so which of the three files it belongs to: every row to exactly one. A row that was
 * validated and is no job is invalid, whether or not its errors were among those that are listed. Pure.
 */
import { DUPLICATE_TOKEN_ID } from "../../../shared/intake/duplicates.ts";
import type { JobState } from "../../../shared/job/job.ts";
import type { ListedError, Outcomes, ResultBatch, ResultJob } from "../../../shared/store/results.ts";
import type { IntakeState } from "../intake/state.ts";

export const RESULT_KINDS = ["succeeded", "failed", "unprocessed"] as const;
export type ResultKind = (typeof RESULT_KINDS)[number];

/** The columns that a result adds, in their order. */
export const ADDED = [
  "_line",
  "_state",
  "_token_id",
  "_url",
  "_step",
  "_code",
  "_error",
  "_attempts",
] as const;
/** Null: nothing to say. */
export type Added = Readonly<Record<(typeof ADDED)[number], string | number | null>>;

/** `invalid`: validation found it wrong. `unread`: validation never came to it. */
export type Standing =
  | { readonly is: "job"; readonly job: ResultJob }
  | { readonly is: "invalid"; readonly errors: readonly ListedError[] }
  | { readonly is: "unread" };

/** The states of the jobs in each file: together they are all there are. */
export const STATES_OF: Readonly<Record<ResultKind, readonly JobState[]>> = {
  succeeded: ["completed"],
  failed: ["dead"],
  unprocessed: ["pending", "queued", "running", "retryable", "snoozed", "cancelled"],
};

/**
 * How a row stands, or null where it is not in this file.
 * @param outcomes as asked for with the file's states.
 * @param validatedTo byte offset: rows that begin before it were validated.
 */
export function standingIn(
  kind: ResultKind,
  row: { readonly line: number; readonly start: number },
  outcomes: Outcomes,
  validatedTo: number,
): Standing | null {
  const job = outcomes.jobs.get(row.line);
  if (job) return { is: "job", job };
  if (outcomes.others.has(row.line)) return null;
  if (row.start >= validatedTo) return kind === "unprocessed" ? { is: "unread" } : null;
  return kind === "failed" ? { is: "invalid", errors: outcomes.errors.get(row.line) ?? [] } : null;
}

/**
 * How far a batch's rows were validated. While it reads them, as far as its place; before that, and where the
 * file was given up before its first row (nothing was counted), not at all; after that, to the end.
 */
export function validatedTo(
  phase: IntakeState["phase"],
  batch: Pick<ResultBatch, "intake_offset" | "rows_total">,
  firstRow: number,
): number {
  if (phase === "open" || phase === "survey") return firstRow;
  if (phase === "parse") return batch.intake_offset;
  return phase === "done" && batch.rows_total === 0 ? firstRow : Number.POSITIVE_INFINITY;
}

type Facts = {
  readonly line: number;
  /** See `ownTokenId`. */
  readonly ownId: string | null;
  /** Whether the jobs' ids will stay as they are. */
  readonly idsAreFinal: boolean;
  /** The public address of a token that is public. */
  readonly urlOf: (tokenId: string) => string | null;
};

export function addedOf(standing: Standing, { line, ownId, idsAreFinal, urlOf }: Facts): Added {
  switch (standing.is) {
    case "job": {
      const { state, token_id, step, error, attempt, published } = standing.job;
      return {
        _line: line,
        _state: state,
        _token_id: idsAreFinal ? token_id : ownId,
        _url: published ? urlOf(token_id) : null,
        _step: error?.step ?? step,
        _code: error?.code ?? null,
        _error: error?.message ?? null,
        _attempts: attempt,
      };
    }
    case "invalid": {
      // By this code and this id the row is known again when it comes back, whatever else is wrong with it.
      const twice = standing.errors.find(({ code }) => code === DUPLICATE_TOKEN_ID);
      return {
        ...without(line, "invalid", twice?.value ?? ownId),
        _step: "validate",
        _code: (twice ?? standing.errors[0])?.code ?? "row.not_listed",
        _error: errorText(standing.errors),
      };
    }
    case "unread":
      return without(line, "unread", ownId);
  }
}

const without = (line: number, state: string, tokenId: string | null): Added => ({
  _line: line,
  _state: state,
  _token_id: tokenId,
  _url: null,
  _step: null,
  _code: null,
  _error: null,
  _attempts: 0,
});

/** All of them: whoever mends the row should not have to come back for the second one. */
function errorText(errors: readonly ListedError[]): string {
  const [only, ...more] = errors;
  if (only === undefined) {
    return "The row is invalid; its errors are beyond those that are listed. Correct the ones that are and submit again.";
  }
  if (more.length === 0) return only.message;
  return errors.map(({ column, message }) => (column === "" ? message : `${column}: ${message}`)).join(" · ");
}
