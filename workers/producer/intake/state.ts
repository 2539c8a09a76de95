/** Where a batch's intake stands, as it is kept in `batches.intake_state`. Small: it is written with every slice. */
import * as z from "zod";
import type { Opening } from "../../../shared/intake/opening.ts";
import { ENCODINGS } from "../../../shared/intake/transcode.ts";
import type { IntakePlace } from "../../../shared/store/intake.ts";

const Opened = z.object({
  dialect: z.object({ encoding: z.enum(ENCODINGS), delimiter: z.string() }),
  header: z.object({ cells: z.array(z.string()), line: z.number() }),
  rows: z.object({ offset: z.number(), line: z.number() }),
  idColumns: z.array(z.number()).nullable(),
}) satisfies z.ZodType<Opening>;

/** How many problems are kept so far; more are only counted. */
const Listed = z.object({ errors: z.number(), warnings: z.number() });

export const IntakeState = z.discriminatedUnion("phase", [
  /** Reading rows; without `opening` the file has not been looked at yet. */
  z.object({ phase: z.literal("parse"), opening: Opened.optional(), listed: Listed.optional() }),
  /** Looking whether the columns `candidates` hold only ids, from the batch's offset on. */
  z.object({ phase: z.literal("survey"), opening: Opened, candidates: z.array(z.number()), listed: Listed }),
  /** `removed`: rows taken out so far. It makes each page's state another one, also when nothing more is listed. */
  z.object({ phase: z.literal("duplicates"), opening: Opened, listed: Listed, removed: z.number() }),
  z.object({ phase: z.literal("check"), tries: z.number() }),
  /** `first`: the first token of the page before, to notice a server that answers the same page for ever. */
  z.object({ phase: z.literal("list"), page: z.number(), first: z.string().nullable(), tries: z.number() }),
  z.object({ phase: z.literal("unchanged"), after: z.number() }),
  z.object({ phase: z.literal("done") }),
]);
export type IntakeState = z.infer<typeof IntakeState>;
export type StateOf<P extends IntakeState["phase"]> = Extract<IntakeState, { phase: P }>;

/** No state yet is a file that nobody has looked at. */
export const readState = (text: string | null): IntakeState =>
  text === null ? { phase: "parse" } : IntakeState.parse(JSON.parse(text));

/** The same place with another state: nothing of the file was read. */
export const placeWith = (place: IntakePlace, state: IntakeState): IntakePlace => ({
  ...place,
  state: JSON.stringify(state),
});
