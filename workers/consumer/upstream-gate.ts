/**
 * One object an upstream host: the only place that knows how many calls all deliveries together may make.
 * It hands out permits in blocks, as a stretch of time: a delivery asks once and then paces itself, so that
 * the ceiling holds without a round trip a call.
 *
 * Nothing is stored. An object is only evicted when nobody has asked for a while, and then every stretch it
 * handed out has passed.
 */
import { DurableObject } from "cloudflare:workers";

/** Calls may go out from `from` (epoch ms), one every `everyMs`. */
export type Permits = { readonly from: number; readonly everyMs: number; readonly calls: number };

export class UpstreamGate extends DurableObject {
  #nextAt = 0;

  /** @param perSecond the ceiling, `MAX_CALLS_PER_SECOND`. */
  reserve(calls: number, perSecond: number): Permits {
    const permits = reserveFrom(this.#nextAt, Date.now(), calls, perSecond);
    this.#nextAt = permits.from + calls * permits.everyMs;
    return permits;
  }
}

/**
 * Calls are spaced this much wider than the ceiling says: they do not travel equally fast, and two that left a
 * second apart may arrive a little less than a second apart.
 */
const SPACING = 1.05;

/** The next free stretch. Pure, so that the ceiling can be tested without waiting. */
export function reserveFrom(nextAt: number, now: number, calls: number, perSecond: number): Permits {
  return { from: Math.max(nextAt, now), everyMs: (1000 / perSecond) * SPACING, calls };
}
