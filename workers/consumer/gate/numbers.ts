/**
 * The gate's numbers, with their units and the reason. Those of the rate were chosen by simulation
 * (test/workers/consumer/gate/): each lies in the middle of a range in which little changes.
 */
import { MINUTE, SECOND } from "../../../shared/limits.ts";

export const RATE = {
  /** Calls a second before anything is known: a limit is then met by a few calls, not by hundreds. */
  start: 100,
  /** However often a host refuses, it is asked once a second. */
  least: 1,
  /** From here on nothing is paced: one isolate makes about a thousand calls a second, and timers end at 1 ms. */
  unpaced: 4_000,
  /** Used of the limit as it was met: the rest is for calls that travel unevenly. */
  useOfMark: 0.985,
  /** Refused again before the limit was looked for: it was put too high, by this at least. */
  shortFall: 0.97,
  /** Nothing goes out for so long after a refusal, so that the host's window has room again. */
  holdMs: 30,
  /** The same after each refusal of everything: a window of a second that was overdrawn needs most of a second. */
  strikeHoldMs: 100,
  strikeHoldMaxMs: 3_200,
  /** A limit that was just met is left alone for the longest of these: looking for it costs a refusal each time. */
  steadyMs: 5_000,
  steadyCalls: 200,
  steadyMaxMs: 30_000,
  /** The same where the limit was put too high, and now rather too low. */
  steadyShortMs: 2_000,
  /** Growth a second when it is looked for again; it doubles while nothing is refused, since the limit has risen. */
  step: 0.04,
  stepMax: 0.5,
  stepDoublesMs: 600,
  /** The same after everything was refused: how far the limit fell is only guessed. */
  stepBack: 0.08,
  /** Growth at a time: what is out already goes at the old rate, so the answer to a raise comes late. */
  raiseMax: 1.2,
  /** A rate counts as tried once calls have gone out at it for so long; where no limit is known, so long. */
  triedMs: 100,
  doubleMs: 200,
  /** Where this share of calls had to wait for its turn, the rate is what holds everybody back. */
  boundShare: 0.3,
  /** Calls over which that share is taken. */
  boundCalls: 40,
} as const;

/** When refusals go on although the rate came down. */
export const CHANCE = {
  /** So many refusals in a row, each too soon after the last, raise the doubt that the rate has to do with it. */
  shorts: 4,
  /** Above this share of refusals there is no doubt: the limit fell. */
  shareMax: 0.2,
  /** Tried at so much above where it was refused, as a share of that: a limit there would refuse a quarter. */
  trialSurplus: 0.3,
  /**
   * … and at no fewer calls a second above it. From lower down a trial would take a minute, and it would prove little:
   * a limit would refuse hardly more of its calls than chance does.
   */
  trialSurplusLeast: 20,
  /** The trial counts if the calls really went out by this part of it faster. */
  trialPace: 0.5,
  /** Where they did not, because turns went to deliveries that had no use for them, it goes on this much faster … */
  trialGrowth: 1.6,
  /** … up to so many times the first rate; calls that are not there cannot be tried. */
  trialGrowthMax: 5,
  /** Calls of a trial: at least these, and as many as go out in so many seconds. */
  trialCalls: 60,
  trialSeconds: 1.2,
  /** Refusals that end a trial: this many, and more where many are to be expected anyway. */
  trialRefusals: 4,
  /** After a trial that found a limit, none for so long; each time twice as long, up to a bound. */
  trialPauseMs: 10 * SECOND,
  trialPauseMaxMs: 10 * MINUTE,
  /** After chance had explained refusals for a while, and then did no longer. */
  lapsePauseMs: 2 * SECOND,
  /** Chance explains up to twice its share and this, once so many calls have been counted; older ones fade. */
  slack: 0.07,
  countCalls: 150,
  countMax: 300,
  /** Chance has passed after so many mean runs without a refusal; e^-12 is how often it would still be there. */
  cleanRuns: 12,
} as const;

export const GRID = {
  /** Turns that nobody took for so long are still granted: deliveries have gaps between them, 30 ms as a rule. */
  catchUpMs: 150,
  /** Without a ceiling a turn may be used this late: a slow answer must not cost the turns behind it. */
  lateMs: 1 * SECOND,
  /** Under a ceiling turns lie this much wider: calls do not travel equally fast … */
  ceilingSpacing: 1.07,
  /** … and two of them come at most so much closer on the way. */
  travelMs: 45,
  /** With others about, turns are granted so far ahead: what is out cannot be taken back. */
  horizonMs: 1 * SECOND,
  /** The same until a limit was met: the rate is doubled as often as turns have been used up. */
  searchMs: 300,
  /** Who is alone gets all it asks for, up to this far ahead. */
  aloneMs: 4 * SECOND,
  /** Fewest turns in an answer in a crowd, so that it does not spend its time asking. */
  leastCalls: 3,
  /** Turns are remembered so long after their time: most limits count by the second. */
  rememberMs: 1 * SECOND,
  /** Under a ceiling the end of what was granted is stored in steps of this, not with every grant. */
  storedAheadMs: 2 * SECOND,
} as const;

export const BREAKER = {
  /**
   * Unusable answers in a row, over everybody's reports. By chance, if every fourth answer is unusable, once in a
   * million calls; the price is then one period.
   */
  streak: 10,
  /** How long a host that is down is left alone: work must go on within 10 s after it came back. */
  periodMs: 2 * SECOND,
  periodGrowth: 1.5,
  periodMaxMs: 5 * SECOND,
  /** One job's calls, and a look or two. */
  probeCalls: 8,
  /** A probe of which nothing is heard: CALL_TIMEOUT_MS is 30 s, and a job does other things as well. */
  probeLostMs: 45 * SECOND,
  /** Everybody is refused, and no `Retry-After` says for how long; and the bounds of what it may say. */
  retryAfterMs: 5 * SECOND,
  retryAfterMinMs: 1 * SECOND,
  retryAfterMaxMs: 60 * MINUTE,
  /** Everything refused for so long, and so many times over, is no limit that one can stay under. */
  hopelessMs: 2 * SECOND,
  hopelessStrikes: 4,
} as const;

/** Sequence's quota middleware: a sliding window of a minute (`Credits-Rate-*`). */
export const QUOTA = {
  windowMs: 1 * MINUTE,
  /** A window that ends later than this is none of a second; the headers do not name its length. */
  proofMs: 2 * SECOND,
  use: 0.97,
  /** Where less than this share is left, others use the limit as well: slower in proportion, down to `least`. */
  reserve: 0.025,
  least: 0.1,
  /** After a refusal: at 50 calls a second some room again. */
  holdMs: 500,
} as const;
