/** Where a batch's intake stands, as it is kept in `batches.intake_state`. Small: it is written with every slice. */
import * as z from "zod";
import type { Opening } from "../../../shared/intake/opening.ts";
import { Spellings } from "../../../shared/intake/spelling.ts";
import { Survey } from "../../../shared/intake/survey.ts";
import { ENCODINGS } from "../../../shared/intake/transcode.ts";
import type { IntakePlace } from "../../../shared/store/intake.ts";

const Encoding = z.enum(ENCODINGS);
const Indexes = z.array(z.number());

/** What was found out about the file; kept to the end and beyond, because whoever makes results reads it again. */
const Opened: z.ZodType<Opening> = z.object({
  dialect: z.discriminatedUnion("syntax", [
    z.object({ syntax: z.literal("csv"), encoding: Encoding, delimiter: z.string() }),
    z.object({ syntax: z.enum(["json", "json-lines"]), encoding: Encoding }),
  ]),
  header: z.object({
    cells: z.array(z.string()),
    line: z.number(),
    json: z
      .object({
        syntax: z.enum(["json", "json-lines"]),
        list: z.string().nullable(),
        nested: z.boolean(),
        structured: Indexes,
        leftOut: z.array(z.string()),
        tooManyKeys: z.boolean(),
      })
      .optional(),
  }),
  head: z.object({ start: z.number(), end: z.number() }),
  rows: z.object({ offset: z.number(), line: z.number() }),
  end: z.number(),
  tailLines: z.number(),
  settled: z.object({ ids: Indexes, json: Indexes }).nullable(),
});

/** The media of all rows so far and their bytes, as far as they are known: what a dry run tells. */
const MediaSum = z.object({ media: z.number(), bytes: z.number() });
export type MediaSum = z.infer<typeof MediaSum>;

/** How many problems are kept so far; more are only counted. */
const Listed = z.object({ errors: z.number(), warnings: z.number() });

export const IntakeState = z.discriminatedUnion("phase", [
  /** Nobody has looked at the file yet. */
  z.object({ phase: z.literal("open") }),
  /** Looking for what only all rows can tell, from the batch's offset on. */
  z.object({ phase: z.literal("survey"), opening: Opened, survey: Survey, listed: Listed }),
  /** Reading rows. `spellings`: those of the traits so far. */
  z.object({
    phase: z.literal("parse"),
    opening: Opened,
    listed: Listed,
    spellings: Spellings,
    sum: MediaSum.optional(),
  }),
  /** Looking which media addresses several rows need. */
  z.object({ phase: z.literal("share"), opening: Opened, listed: Listed }),
  /** `removed`: rows taken out so far. It makes each page's state another one, also when nothing more is listed. */
  z.object({ phase: z.literal("duplicates"), opening: Opened, listed: Listed, removed: z.number() }),
  z.object({ phase: z.literal("check"), tries: z.number() }),
  /** `first`: the first token of the page before, to notice a server that answers the same page for ever. */
  z.object({ phase: z.literal("list"), page: z.number(), first: z.string().nullable(), tries: z.number() }),
  z.object({ phase: z.literal("unchanged"), after: z.number() }),
  /** A follow-up: the jobs of its source behind this line are still to be copied. */
  z.object({ phase: z.literal("copy"), after: z.number() }),
  z.object({ phase: z.literal("done") }),
]);
export type IntakeState = z.infer<typeof IntakeState>;
export type StateOf<P extends IntakeState["phase"]> = Extract<IntakeState, { phase: P }>;

/** No state yet is a file that nobody has looked at. */
export const readState = (text: string | null): IntakeState =>
  text === null ? { phase: "open" } : IntakeState.parse(JSON.parse(text));

/**
 * The same place with another state: nothing of the file was read, and what is known of it stays.
 * @param sum of the media; null where rows were taken out, and nobody has looked at what they had
 */
export const placeWith = (
  place: IntakePlace,
  state: IntakeState,
  sum: MediaSum | null = readMediaSum(place.state),
): IntakePlace => ({
  ...place,
  state: JSON.stringify({ ...state, opening: readOpening(place.state), sum: sum ?? undefined }),
});

const Kept = z.object({ opening: Opened.nullish(), sum: MediaSum.nullish() });

/** Null where it is not known; then the rows are asked. */
export const readMediaSum = (text: string | null): MediaSum | null =>
  text === null ? null : (Kept.parse(JSON.parse(text)).sum ?? null);

/**
 * What a batch's `intake_state` says of its file, in every phase and when intake is over; see the head of
 * `shared/intake/records.ts`. Null where the file was not opened, or could not be.
 */
export const readOpening = (text: string | null): Opening | null =>
  text === null ? null : (Kept.parse(JSON.parse(text)).opening ?? null);
