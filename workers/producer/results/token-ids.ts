/**
 * The id that a result gives a row besides its job's: sent again, the row must meet the token that it would have
 * met in the whole file, and no other. Pure.
 */
import type { ColumnPlan } from "../../../shared/intake/columns.ts";
import { cellOf, type FileRecord } from "../../../shared/intake/records.ts";
import type { BatchOptions } from "../../../shared/job/batch.ts";
import type { IntakeState } from "../intake/state.ts";

type Given = {
  readonly headers: readonly string[];
  /** Null where the file's header could not be understood. */
  readonly plan: ColumnPlan | null;
  readonly options: Pick<BatchOptions, "tokenIds" | "firstTokenId">;
};

/**
 * What stands in its own `_token_id`, because in JSON the member that a result adds takes the place of that one;
 * else its number, where rows are counted: alone it would count from the beginning, and meet another row's token.
 * Ids that are derived follow from the row's cells, as they are when it is mended.
 * @param index how many rows came before it in the file
 */
export function ownTokenId(record: FileRecord, index: number, given: Given): string | null {
  const { plan, options } = given;
  if (plan?.idSource === "file") return null;
  const headers = record.kind === "object" ? [...record.row.entries.keys()] : given.headers;
  const own = headers.findIndex((name) => name.toLowerCase() === "_token_id");
  if (own >= 0) return cellOf(record, headers, own).trim() || null;
  if (plan?.idSource === "own" || options.tokenIds !== "sequential") return null;
  return String(BigInt(options.firstTokenId) + BigInt(index));
}

const READING: readonly IntakeState["phase"][] = ["open", "survey", "parse", "share", "duplicates"];

/** Whether jobs have their ids for good: identical rows are told apart only when the whole file has been read. */
export const idsAreFinal = (phase: IntakeState["phase"], plan: ColumnPlan | null): boolean =>
  !READING.includes(phase) || plan?.idSource === "file" || plan?.idSource === "sequential";
