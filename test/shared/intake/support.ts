/** Whole files through the pure path, with the options that a test does not care about filled in. */
import type { Steps } from "../../../shared/intake/hash-lists.ts";
import type { SetFile } from "../../../shared/intake/media-cells.ts";
import type { RowProblem } from "../../../shared/intake/problem.ts";
import type { CheckedRow } from "../../../shared/intake/row.ts";
import { bytesSource } from "../../../shared/intake/source.ts";
import { type FileOptions, type FileReport, validateFile } from "../../../shared/intake/validate-file.ts";
import type { JobArgs } from "../../../shared/job/job.ts";
import { indexMedia } from "../../../shared/media/match.ts";

export const OPTIONS: FileOptions = {
  template: {},
  map: {},
  tokenIds: "file",
  firstTokenId: "0",
  contentType: null,
  collectionId: 900,
};

export type Given = Partial<FileOptions> & { files?: readonly SetFile[]; privateHosts?: readonly string[] };

export type Read = FileReport & { readonly tokens: readonly JobArgs[] };

/** @param file text, or bytes in whatever encoding. */
export async function read(file: string | Uint8Array, given: Given = {}): Promise<Read> {
  const { files, privateHosts = [], ...options } = given;
  const tokens: JobArgs[] = [];
  const report = await validateFile(
    bytesSource(typeof file === "string" ? Buffer.from(file) : file),
    { ...OPTIONS, ...options },
    { set: files ? indexMedia(files) : null, privateHosts },
    (row: CheckedRow) => {
      if (row.kind === "valid") tokens.push(row.args);
    },
  );
  return { ...report, tokens };
}

/** `line column code`, the way a person would point at it. */
export const told = ({ problems }: { problems: readonly RowProblem[] }): string[] =>
  problems.map(({ line, column, code }) => `${line} ${column} ${code}`);

export const errors = ({ problems }: { problems: readonly RowProblem[] }): string[] =>
  told({ problems: problems.filter(({ severity }) => severity === "error") });

/** One row under a header; its media is a URL unless the header brings its own. */
export async function readRow(columns: Record<string, string>, given: Given = {}): Promise<Read> {
  const all = { tokenId: "1", name: "One", image: "https://example.com/1.png", ...columns };
  const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const line = (texts: string[]): string => texts.map(cell).join(",");
  return read(`${line(Object.keys(all))}\n${line(Object.values(all))}\n`, given);
}

/** What work of many turns ends with. */
export function ended<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
