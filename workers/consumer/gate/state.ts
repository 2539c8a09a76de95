/**
 * Everything that a gate knows of its host, as plain data: it is stored as it stands, and read back through this
 * schema, so that a version that remembers other things starts afresh instead of failing.
 * Times in epoch ms, rates in calls a second.
 */
import * as z from "zod";
import { CHANCE, RATE } from "./numbers.ts";

/** Answered calls, and those of them that met a 429. */
export const Count = z.object({ calls: z.number(), refused: z.number() });
export type Count = z.infer<typeof Count>;
export const NONE: Count = { calls: 0, refused: 0 };

/** Turns on the grid: of whom, from when, one every so many ms. */
export const Stretch = z.object({ by: z.number(), from: z.number(), everyMs: z.number(), calls: z.number() });
export type Stretch = z.infer<typeof Stretch>;

/** Time before `nextAt` for which turns were handed out and given back. */
export const Hole = z.object({ from: z.number(), until: z.number() });
export type Hole = z.infer<typeof Hole>;

/** `nextAt`: no turn has been handed out for this time or later. `issued`: those of the last second, and to come. */
export const Grid = z.object({ nextAt: z.number(), issued: z.array(Stretch), holes: z.array(Hole) });
export type Grid = z.infer<typeof Grid>;

/** Whether refusals have to do with the rate at all. */
export const Chance = z.object({
  /** The newest refusals that came too soon after the one before: the calls around each, the rate that met it. */
  shorts: z.array(Count.extend({ mark: z.number() })),
  /** The rate is high on purpose, to see whether that is refused more. */
  trial: Count.extend({
    mark: z.number(),
    perSecond: z.number(),
    share: z.number(),
    at: z.number(),
  }).nullable(),
  noTrialBefore: z.number(),
  trialPauseMs: z.number(),
  /** It is not: about this share meets a 429 whatever the rate; the newest calls, and since the last refusal. */
  noise: Count.extend({ share: z.number(), clean: z.number() }).nullable(),
});
export type Chance = z.infer<typeof Chance>;

export const Rate = z.object({
  perSecond: z.number(),
  /** The limit as it was met last; null: none was met yet. */
  mark: z.number().nullable(),
  /** Growth a second from `steadyUntil` on. */
  step: z.number(),
  steadyUntil: z.number(),
  raisedAt: z.number(),
  /** Turns from here on go at the present rate. */
  raisedFrom: z.number(),
  /** Counts decreases. */
  era: z.number(),
  /** No turn before this. */
  holdUntil: z.number(),
  /** Everything has been refused since then, so many eras in a row; the rate at which that began. */
  struck: z.object({ since: z.number(), times: z.number(), peak: z.number() }).nullable(),
  /** Share of calls that had to wait for their turns. */
  waiting: z.number(),
  inEra: Count,
  /** Reports of the last second. */
  heard: z.array(Count.extend({ firstAt: z.number(), lastAt: z.number() })),
  chance: Chance,
});
export type Rate = z.infer<typeof Rate>;

export const Shut = z.object({
  reason: z.enum(["rate_limited", "down"]),
  /** Since the host was first found shut, however many probes have failed. */
  since: z.number(),
  /** Since it was shut last: only what was sent later says how it is now. */
  at: z.number(),
  until: z.number(),
  periodMs: z.number(),
  /** Who is trying, and since when. */
  probe: z.object({ by: z.number(), at: z.number() }).nullable(),
  /** Until then somebody has been asked to see to it that somebody asks. */
  heraldUntil: z.number(),
});
export type Shut = z.infer<typeof Shut>;

/** `streak`: unusable answers in a row, over everybody's reports. */
export const Breaker = z.object({ streak: z.number(), shut: Shut.nullable() });
export type Breaker = z.infer<typeof Breaker>;

/** What the headers said, when, and whether the window has been proven to be a minute. */
export const Allowance = z.object({
  limit: z.number(),
  remaining: z.number(),
  byMinute: z.boolean(),
  at: z.number(),
});
export type Allowance = z.infer<typeof Allowance>;

export const GateState = z.object({
  /** Deliveries that ever entered: the next one's name. */
  passes: z.number(),
  ceiling: z.number().nullable(),
  grid: Grid,
  rate: Rate,
  breaker: Breaker,
  allowance: Allowance.nullable(),
});
export type GateState = z.infer<typeof GateState>;

export const NO_CHANCE: Chance = {
  shorts: [],
  trial: null,
  noTrialBefore: 0,
  trialPauseMs: CHANCE.trialPauseMs,
  noise: null,
};

/** A host of which nothing is known. */
export const freshGate = (): GateState => ({
  passes: 0,
  ceiling: null,
  grid: { nextAt: 0, issued: [], holes: [] },
  rate: {
    perSecond: RATE.start,
    mark: null,
    step: RATE.step,
    steadyUntil: 0,
    raisedAt: 0,
    raisedFrom: 0,
    era: 0,
    holdUntil: 0,
    struck: null,
    waiting: 1,
    inEra: NONE,
    heard: [],
    chance: NO_CHANCE,
  },
  breaker: { streak: 0, shut: null },
  allowance: null,
});
