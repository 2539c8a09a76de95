/**
 * faults.ts: the words in which a misbehaviour is scripted. A fault says which calls (`where`), what happens
 * to them (`what`), and how often: the first `times`, a seeded share, until a moment.
 */
import * as z from "zod";
import { type ErrorName, errorNames } from "./webrpc.ts";

const wholeNumber = z.int().min(0);
const errorName = z.enum(errorNames as [ErrorName, ...ErrorName[]]);
const oneOrMore = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const where = z.strictObject({
  /**
   * RPC methods by name, `UploadAsset`, `PrivateRead`, `PublicRead`, `Media`; or a group: `Sequence` (all that
   * is sent with the secret key), `Write`, `Any`. Left out: everything but the media host.
   */
  method: oneOrMore.optional(),
  tokenId: z.string().optional(),
  tokenIds: z.array(z.string()).optional(),
  collectionId: wholeNumber.optional(),
  /** The `Host` header, with or without its port: one emulator can be several media hosts. */
  host: z.string().optional(),
  pathIncludes: z.string().optional(),
});

const what = z.discriminatedUnion("kind", [
  /** Waits before acting. `slowOneIn: 100` makes one call in a hundred take `slowMs` more. */
  z.strictObject({
    kind: z.literal("latency"),
    ms: wholeNumber.default(0),
    jitterMs: wholeNumber.optional(),
    slowOneIn: z.int().min(1).optional(),
    slowMs: wholeNumber.optional(),
  }),
  /** Answers this status without acting; with `after` it acts first. */
  z.strictObject({
    kind: z.literal("status"),
    status: z.int().min(200).max(599),
    body: z.enum(["json", "html", "text"]).default("json"),
    error: errorName.optional(),
    cause: z.string().optional(),
    retryAfterSeconds: z.union([wholeNumber, z.string()]).optional(),
    after: z.boolean().default(false),
  }),
  z.strictObject({ kind: z.literal("closeBefore") }),
  /** Acts, then destroys the socket without an answer. */
  z.strictObject({ kind: z.literal("closeAfter") }),
  /** Acts, then sends so many bytes of the body (half where left out) and destroys the socket. */
  z.strictObject({ kind: z.literal("cutBody"), atByte: wholeNumber.optional() }),
  /** Acts, then answers 200 with the body `null`. */
  z.strictObject({ kind: z.literal("nullBody") }),
  /** `Retry-After` is the length of the window, as in the real middleware, unless given; null leaves it out. */
  z
    .strictObject({
      kind: z.literal("rateLimit"),
      perSecond: z.int().min(1).optional(),
      perMinute: z.int().min(1).optional(),
      error: z.enum(["QuotaRateLimit", "RateLimited"]).default("QuotaRateLimit"),
      retryAfterSeconds: wholeNumber.nullable().optional(),
      /** false: no `Credits-Rate-*` on any answer, so that a caller must find the limit by itself. */
      headers: z.boolean().default(true),
    })
    .refine((limit) => (limit.perSecond === undefined) !== (limit.perMinute === undefined), {
      message: "expected exactly one of perSecond and perMinute",
    }),
  /**
   * Nothing works: `502` a proxy's page, `503` the same, `close` every connection is reset, `refused` the
   * listener is gone for `forMs` (this call included: nothing answers here until then).
   */
  z.strictObject({
    kind: z.literal("outage"),
    as: z.enum(["502", "503", "close", "refused"]).default("502"),
  }),
  /** Refuses for good, with an error of the service. */
  z.strictObject({
    kind: z.literal("refuse"),
    error: errorName.default("ValidationFailed"),
    cause: z.string().optional(),
  }),
  /** 401 Unauthorized. */
  z.strictObject({ kind: z.literal("refusedKey") }),
  /** 403 UnauthorizedUser on writes. */
  z.strictObject({ kind: z.literal("readOnlyKey") }),
  /** 403 SessionExpired. */
  z.strictObject({ kind: z.literal("expiredKey") }),
  /** 423 QuotaExceeded. */
  z.strictObject({ kind: z.literal("spentQuota") }),
]);

export const faultSchema = z
  .strictObject({
    /** A fault given again under the same id replaces the old one. */
    id: z.string().min(1).optional(),
    where: where.default({}),
    what,
    /** Only the first so many calls that it meets. */
    times: z.int().min(1).optional(),
    /** Share of the calls, drawn from the seed, the call and its ordinal: the same in every run. */
    probability: z.number().min(0).max(1).optional(),
    /** Over at this moment (Unix ms), or so long after it was set. */
    untilMs: z.number().optional(),
    forMs: wholeNumber.optional(),
  })
  .refine(
    (fault) => fault.what.kind !== "outage" || fault.what.as !== "refused" || fault.forMs !== undefined,
    {
      message: "an outage as refused connections needs forMs: no call could end it",
    },
  );

/** What a caller may write, and what it becomes. */
export type FaultInput = z.input<typeof faultSchema>;
export type Fault = z.infer<typeof faultSchema>;
export type FaultWhat = Fault["what"];

export const faultsInput = z.strictObject({
  /** Replaces the seed of all draws. */
  seed: z.union([z.string(), z.number()]).optional(),
  faults: z.array(faultSchema),
});
