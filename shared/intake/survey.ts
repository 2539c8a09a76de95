/**
 * What only a look at all cells can tell: whether a column called `number` holds ids, whether one called `traits`
 * holds JSON, which keys the objects of a JSON file have. Kept in plain values between two slices. Pure.
 */
import * as z from "zod";
import { parseTokenId } from "../job/token-id.ts";
import type { Settled } from "./column-options.ts";
import { addToShape, headerOf, Shape, settledOf } from "./json-shape.ts";
import type { Opening } from "./opening.ts";
import { type FileRecord, isBlank } from "./records.ts";

export const Survey = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("cells"), ids: z.array(z.number()), json: z.array(z.number()) }),
  z.object({ kind: z.literal("objects"), shape: Shape }),
]);
export type Survey = z.infer<typeof Survey>;

/** @returns null where nothing is undecided. */
export const surveyOf = ({ ids, json }: Settled): Survey | null =>
  ids.length + json.length === 0 ? null : { kind: "cells", ids: [...ids], json: [...json] };

/** The survey with these records looked at too. */
export function look(survey: Survey, records: readonly FileRecord[]): Survey {
  if (survey.kind === "objects") return { kind: "objects", shape: addToShape(survey.shape, records) };
  const rows = records.flatMap((record) =>
    record.kind === "cells" && !isBlank(record) ? [record.cells] : [],
  );
  const where = (indexes: readonly number[], fits: (cell: string) => boolean): number[] =>
    indexes.filter((index) => rows.every((cells) => fits(cells[index] ?? "")));
  return {
    kind: "cells",
    ids: where(survey.ids, (cell) => parseTokenId(cell).ok),
    json: where(survey.json, (cell) => cell === "" || /^\s*[[{]/.test(cell)),
  };
}

/** Nothing that is still to come can change the answer. */
export const isOver = (survey: Survey): boolean =>
  survey.kind === "cells" ? survey.ids.length + survey.json.length === 0 : survey.shape.tooManyKeys;

/** The file opened, now that all of it was looked at. */
export function settle(opening: Opening, survey: Survey): Opening {
  if (survey.kind === "cells") return { ...opening, settled: { ids: survey.ids, json: survey.json } };
  const syntax = opening.dialect.syntax === "json" ? "json" : "json-lines";
  return { ...opening, header: headerOf(survey.shape, syntax), settled: settledOf(survey.shape) };
}
