/** What the results of a CSV, of JSON Lines and of JSON have in common. */
import type { FileRecord } from "../../../shared/intake/records.ts";
import type { Added } from "./standing.ts";

/** `bytes` as submitted. */
export type SourceRow = { readonly record: FileRecord; readonly bytes: Uint8Array };

export type Writer = {
  /** Of the file's name. */
  readonly extension: "csv" | "jsonl" | "json";
  readonly contentType: string;
  /** What stands above the first row. */
  readonly head: readonly Uint8Array[];
  row(row: SourceRow, added: Added, isFirst: boolean): readonly Uint8Array[];
  readonly tail: readonly Uint8Array[];
  /** Written among others, the row would take some of them into itself: it must stand behind them. */
  mustComeLast(record: FileRecord): boolean;
};
