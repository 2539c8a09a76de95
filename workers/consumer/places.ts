/**
 * The places that all deliveries of an isolate share. Jobs that begin at the same moment have their answers at the
 * same moments too, all the way to their ends: the one thread is then idle and overrun by turns, and each call waits
 * behind the others' work. So beginnings are spread over the time that a job takes, a little closer than places become
 * free anyway, which costs no speed.
 */
import { LIMITS } from "../../shared/limits.ts";
import { createRoom } from "../../shared/room.ts";

export type Places = {
  /** Waits for a place, and for the moment to begin. @returns what gives the place back. */
  enter(): Promise<() => void>;
};

/** Of the time between two places that become free. */
const SPREAD = 0.8;
/** Some jobs carry films; the others need not wait for that. */
const GAP_MAX_MS = 10;
/** Weight of the newest job in what a job usually takes. */
const NEWEST = 0.05;

export function createPlaces({ places, now }: { places: number; now: () => number }): Places {
  const { placePollMs: pollMs, jobMs } = LIMITS;
  const room = createRoom({ places, heldMs: 2 * jobMs, pollMs, now });
  let usualMs = 0;
  let nextAt = 0;
  return {
    async enter() {
      const leave = await room.enter(() => undefined);
      const beginsAt = Math.max(now(), nextAt);
      nextAt = beginsAt + Math.min(GAP_MAX_MS, (SPREAD * usualMs) / places);
      const waitMs = beginsAt - now();
      if (waitMs >= 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      return () => {
        leave();
        usualMs += (now() - beginsAt - usualMs) * NEWEST;
      };
    },
  };
}
