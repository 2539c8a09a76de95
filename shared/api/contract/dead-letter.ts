/** What was buried: one by one, in full, by cause, and chosen for a replay or a discard. */
import * as z from "zod";
import { AttemptView } from "./job.ts";
import { IsoTime } from "./time.ts";

export const DeadLetter = z.object({
  jobId: z.string(),
  batchId: z.string(),
  line: z.number(),
  tokenId: z.string(),
  name: z.string(),
  state: z.enum(["open", "replayed", "discarded"]),
  step: z.string(),
  code: z.string(),
  message: z.string(),
  next: z.string(),
  httpStatus: z.number().nullable(),
  host: z.string().nullable(),
  attempts: z.number(),
  /** Of its cause: step, code, message without what differs from row to row, and host. */
  fingerprint: z.string(),
  createdAt: IsoTime,
});
export type DeadLetter = z.infer<typeof DeadLetter>;

/** One change of a dead row's cells. `tokenIdBefore` is what the row's token was until then. */
export const EditView = z.object({
  at: IsoTime,
  by: z.string(),
  cells: z.record(z.string(), z.object({ from: z.string(), to: z.string() })),
  tokenIdBefore: z.string(),
});

/** One dead letter in full: its row as validated and as submitted, every attempt, the last response without secrets. */
export const DeadLetterDetail = DeadLetter.extend({
  row: z.json(),
  attemptRecords: z.array(AttemptView),
  response: z
    .object({
      url: z.string().nullable(),
      host: z.string().nullable(),
      status: z.number().nullable(),
      body: z.string().nullable(),
      hop: z.number().nullable(),
    })
    .nullable(),
  /** The row as it stands in the file, without its line end (cut at 64,000 characters), and its cells by header. Null: the file is gone. */
  submitted: z.object({ text: z.string(), cells: z.record(z.string(), z.string()) }).nullable(),
  edits: z.array(EditView),
});
export type DeadLetterDetail = z.infer<typeof DeadLetterDetail>;

/** Dead letters of one cause. `message` is normalised; `example` and `next` are the newest's. */
export const DeadLetterGroup = z.object({
  fingerprint: z.string(),
  step: z.string(),
  code: z.string(),
  message: z.string(),
  example: z.string(),
  httpStatus: z.number().nullable(),
  host: z.string().nullable(),
  count: z.number(),
  firstAt: IsoTime,
  lastAt: IsoTime,
  sampleJobIds: z.array(z.string()),
  next: z.string(),
});
export type DeadLetterGroup = z.infer<typeof DeadLetterGroup>;

const SELECTION = {
  batchId: z.string().optional(),
  step: z.string().optional(),
  code: z.string().optional(),
  fingerprint: z.string().optional(),
  httpStatus: z.number().int().min(100).max(599).optional(),
  host: z.string().optional(),
  line: z.number().int().min(1).optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  q: z.string().optional(),
  jobIds: z.array(z.string()).max(1000).optional(),
};

/** Open dead letters that match all of it: at least one part, so that nobody takes everything by mistake. */
export const DeadLetterSelection = z
  .strictObject(SELECTION)
  .refine(
    (filter) => Object.keys(filter).length > 0,
    `Name at least one of ${Object.keys(SELECTION).join(", ")}.`,
  );
export type DeadLetterSelection = z.infer<typeof DeadLetterSelection>;

export const DiscardRequest = z.strictObject({
  filter: DeadLetterSelection,
  dryRun: z.boolean().optional(),
});
export type DiscardRequest = z.infer<typeof DiscardRequest>;
/** `discarded` is 0 on a dry run. */
export const Discard = z.object({ selected: z.number(), discarded: z.number() });
export type Discard = z.infer<typeof Discard>;
