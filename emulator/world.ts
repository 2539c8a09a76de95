/** world.ts: everything a call may touch, handed in once: state, switches, faults, ledger, clock, keys. */
import type { KeyVerifier } from "./auth.ts";
import { type Clock, stamp } from "./clock.ts";
import type { FaultScript } from "./fault-script.ts";
import type { Ledger } from "./ledger.ts";
import type { Store } from "./store.ts";
import type { Switches } from "./switches.ts";

export interface World {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly faults: FaultScript;
  readonly verifyKey: KeyVerifier;
  readonly now: Clock;
  /** Directory that /media serves, or null. */
  readonly mediaDir: string | null;
  /** Aborted when the emulator closes, so that no call sleeps on. */
  readonly closing: AbortSignal;
  /** Stops taking connections for so long: the `refused` kind of outage. */
  readonly stopListening: (forMs: number) => void;
  switches: Switches;
  ticks: number;
}

export function stampNow(world: World, digits: 6 | 9): string {
  world.ticks += 1;
  return stamp(world.now(), digits, world.ticks);
}
