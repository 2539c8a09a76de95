/**
 * fault-script.ts: which faults meet a call. It has no I/O and no clock: the same faults, seed and calls give
 * the same plans, whatever order concurrent calls arrive in.
 */
import type { Fault, FaultWhat } from "./faults.ts";
import { minuteMs, secondMs } from "./limits.ts";
import { RateWindow } from "./rate-window.ts";
import type { Surface } from "./surfaces.ts";
import { writes } from "./surfaces.ts";

/** A call, as far as faults look at it. */
export interface Occasion {
  surface: Surface;
  method: string;
  path: string;
  host: string;
  collectionId: number | null;
  tokenId: string | null;
  /** Whose rate it spends: the holders of a secret key, or the public. */
  subject: "project" | "public";
}

type Decisive = Exclude<FaultWhat, { kind: "latency" | "rateLimit" }>;
export type Strike = { id: string; what: Decisive } | { id: string; what: RateRefusal };

export interface RateRefusal {
  kind: "rateLimit";
  error: "QuotaRateLimit" | "RateLimited";
  retryAfterSeconds: number | null;
}

/** What happens to a call: a wait, headers on whatever answer, and at most one misbehaviour. */
export interface Plan {
  delayMs: number;
  headers: Record<string, string>;
  strike: Strike | null;
}

interface Scripted {
  id: string;
  fault: Fault;
  endsAtMs: number;
  windows: Map<string, RateWindow>;
  /** Calls that it met, whether or not the draw spared them; and those that it struck. */
  met: number;
  struck: number;
}

export interface FaultStatus extends Fault {
  id: string;
  met: number;
  struck: number;
}

export class FaultScript {
  #seed: string;
  #scripted: Scripted[] = [];
  #named = 0;
  readonly #ordinals = new Map<string, number>();

  constructor(seed: string | number = 1) {
    this.#seed = String(seed);
  }

  /** Adds faults; one under a known id takes that one's place and its rate windows. */
  add(faults: readonly Fault[], nowMs: number): FaultStatus[] {
    const added = faults.map((fault) => this.#script(fault, nowMs));
    for (const scripted of added) {
      const at = this.#scripted.findIndex(({ id }) => id === scripted.id);
      if (at < 0) this.#scripted.push(scripted);
      else this.#scripted[at] = { ...scripted, windows: this.#scripted[at]?.windows ?? scripted.windows };
    }
    return added.map(statusOf);
  }

  remove(id?: string): number {
    const before = this.#scripted.length;
    this.#scripted = id === undefined ? [] : this.#scripted.filter((scripted) => scripted.id !== id);
    return before - this.#scripted.length;
  }

  /** Sets the seed and starts the ordinals of all calls anew. */
  reseed(seed: string | number): void {
    this.#seed = String(seed);
    this.#ordinals.clear();
  }

  list(): FaultStatus[] {
    return this.#scripted.map(statusOf);
  }

  get seed(): string {
    return this.#seed;
  }

  /** The plan for one call. Waits add up; of the faults that decide, the first in the script wins. */
  plan(call: Occasion, nowMs: number): Plan {
    const plan: Plan = { delayMs: 0, headers: {}, strike: null };
    const meeting = this.#scripted.filter((one) => nowMs < one.endsAtMs && matches(one.fault, call));
    if (meeting.length === 0) return plan;
    const draw = this.#drawFor(call);
    for (const one of meeting) {
      if (plan.strike !== null && one.fault.what.kind !== "latency") continue;
      this.#apply(one, call, nowMs, draw, plan);
    }
    return plan;
  }

  #apply(one: Scripted, call: Occasion, nowMs: number, draw: Draw, plan: Plan): void {
    const { what, times, probability } = one.fault;
    if (times !== undefined && one.struck >= times) return;
    one.met += 1;
    if (probability !== undefined && draw(one.id) >= probability) return;
    if (what.kind === "latency") {
      plan.delayMs += delayOf(what, one.id, draw);
    } else if (what.kind === "rateLimit") {
      if (!spendRate(one, what, call, nowMs, plan)) return;
    } else {
      plan.strike = { id: one.id, what };
    }
    one.struck += 1;
  }

  #script(fault: Fault, nowMs: number): Scripted {
    this.#named += 1;
    const id = fault.id ?? `${fault.what.kind}-${this.#named}`;
    const endsAtMs = Math.min(fault.untilMs ?? Infinity, nowMs + (fault.forMs ?? Infinity));
    return { id, fault, endsAtMs, windows: new Map(), met: 0, struck: 0 };
  }

  #drawFor({ method, tokenId, path }: Occasion): Draw {
    const call = `${method} ${tokenId ?? path}`;
    const ordinal = (this.#ordinals.get(call) ?? 0) + 1;
    this.#ordinals.set(call, ordinal);
    return (salt) => share(`${this.#seed} ${salt} ${call} ${ordinal}`);
  }
}

/** A number in [0, 1) that depends on nothing but the seed, the salt, the call and how often it came. */
type Draw = (salt: string) => number;

function statusOf({ id, fault, met, struck }: Scripted): FaultStatus {
  return { ...fault, id, met, struck };
}

/** Whether a fault concerns a call. */
export function matches({ where, what }: Fault, call: Occasion): boolean {
  if (!methodMatches(where.method, call) || !concerns(what.kind, call)) return false;
  if (where.tokenId !== undefined && where.tokenId !== call.tokenId) return false;
  if (where.tokenIds !== undefined && !where.tokenIds.includes(call.tokenId ?? "")) return false;
  if (where.collectionId !== undefined && where.collectionId !== call.collectionId) return false;
  if (where.host !== undefined && where.host !== call.host && where.host !== call.host.replace(/:\d+$/, ""))
    return false;
  return where.pathIncludes === undefined || call.path.includes(where.pathIncludes);
}

function methodMatches(wanted: string | string[] | undefined, call: Occasion): boolean {
  if (wanted === undefined) return call.surface !== "media";
  const names = typeof wanted === "string" ? [wanted] : wanted;
  return names.some((name) => name === call.method || inGroup(name, call));
}

function inGroup(name: string, call: Occasion): boolean {
  if (name === "Any") return true;
  if (name === "Sequence") return keyed(call.surface);
  return name === "Write" && writes(call.surface, call.method);
}

/** Faults of the key only meet calls that carry it. */
function concerns(kind: FaultWhat["kind"], call: Occasion): boolean {
  if (kind === "readOnlyKey") return writes(call.surface, call.method);
  const ofKey = kind === "refusedKey" || kind === "expiredKey" || kind === "spentQuota";
  return !ofKey || keyed(call.surface);
}

function keyed(surface: Surface): boolean {
  return surface === "collections" || surface === "upload" || surface === "privateRead";
}

function delayOf(what: FaultWhat & { kind: "latency" }, id: string, draw: Draw): number {
  const jitterMs = (what.jitterMs ?? 0) * draw(`${id} jitter`);
  const slow = what.slowOneIn !== undefined && draw(`${id} slow`) < 1 / what.slowOneIn;
  return what.ms + jitterMs + (slow ? (what.slowMs ?? 0) : 0);
}

/** Counts a call against the limit; true if it was refused. */
function spendRate(
  one: Scripted,
  what: FaultWhat & { kind: "rateLimit" },
  { subject }: Occasion,
  nowMs: number,
  plan: Plan,
): boolean {
  const windowMs = what.perSecond === undefined ? minuteMs : secondMs;
  const limit = what.perSecond ?? what.perMinute ?? 1;
  const window = one.windows.get(subject) ?? new RateWindow();
  one.windows.set(subject, window);
  const { allowed, remaining, resetSeconds } = window.take(limit, windowMs, nowMs);
  if (what.headers) {
    Object.assign(plan.headers, {
      "Credits-Rate-Limit": String(limit),
      "Credits-Rate-Remaining": String(remaining),
      "Credits-Rate-Reset": String(resetSeconds),
      "Credits-Rate-Cost": "1",
    });
  }
  if (allowed) return false;
  const retryAfterSeconds = what.retryAfterSeconds === undefined ? windowMs / 1000 : what.retryAfterSeconds;
  plan.strike = { id: one.id, what: { kind: "rateLimit", error: what.error, retryAfterSeconds } };
  return true;
}

/** FNV-1a with a final avalanche, as a share of 2^32: cheap, and even enough for drawing faults. */
function share(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
