/** Figures from the ledger: shares, rates and repeats over stretches of time. Pure. Times in epoch ms. */
import type { CallFact } from "../../shared/invariants/facts.ts";
import { SECOND } from "./limits.ts";

export type Stretch = { readonly from: number; readonly until: number };

const SEQUENCE = new Set(["collections", "upload", "privateRead"]);

/** What spends Sequence's limit: everything with the secret key. */
export const sequenceCalls = (calls: readonly CallFact[]): CallFact[] =>
  calls.filter(({ surface }) => SEQUENCE.has(surface));

export const within = (calls: readonly CallFact[], { from, until }: Stretch): CallFact[] =>
  calls.filter(({ at }) => at >= from && at < until);

export const refusedShare = (calls: readonly CallFact[]): number =>
  calls.length === 0 ? 0 : calls.filter(isRefused).length / calls.length;

/** 429. */
export const isRefused = ({ status }: CallFact): boolean => status === 429;

/** Calls that were let through, as a share of what the limit would have let through. */
export function usedShare(calls: readonly CallFact[], stretch: Stretch, perSecond: number): number {
  const seconds = (stretch.until - stretch.from) / SECOND;
  const passed = within(calls, stretch).filter((call) => !isRefused(call)).length;
  return seconds <= 0 ? 0 : passed / (perSecond * seconds);
}

/** Calls let through in each second of a stretch, and how many were refused where some were: `97 95+3 …`. */
export function bySecond(calls: readonly CallFact[], { from, until }: Stretch): string {
  const seconds = Array.from(
    { length: Math.ceil((until - from) / SECOND) },
    (_, index) => from + index * SECOND,
  );
  const shown = seconds.map((at) => {
    const met = within(calls, { from: at, until: at + SECOND });
    const refused = met.filter(isRefused).length;
    return `${met.length - refused}${refused > 0 ? `+${refused}` : ""}`;
  });
  return shown.join(" ");
}

/** A limit counts as found when three seconds at once use nine tenths of it with hardly a refusal. */
const FOUND = { overMs: 3 * SECOND, used: 0.9, refused: 0.05, everyMs: 250 } as const;

/** Seconds from the beginning of the stretch until the limit is found; Infinity: not within it. */
export function foundAfterSeconds(
  calls: readonly CallFact[],
  { from, until }: Stretch,
  perSecond: number,
): number {
  for (let at = from; at + FOUND.overMs <= until; at += FOUND.everyMs) {
    const window = { from: at, until: at + FOUND.overMs };
    const isUsed = usedShare(calls, window, perSecond) >= FOUND.used;
    if (isUsed && refusedShare(within(calls, window)) <= FOUND.refused) return (at - from) / SECOND;
  }
  return Infinity;
}

const WRITES = ["CreateToken", "CreateAsset", "UploadAsset", "UpdateToken"] as const;

export type Repeats = {
  /** Creates that reached the service although the thing was there; refused or not. */
  readonly creates: number;
  /** Uploads and updates that were carried out again, by `collection/token`. */
  readonly others: ReadonlyMap<string, number>;
};

/** What was carried out once more than needed. */
export function repeats(calls: readonly CallFact[]): Repeats {
  const seen = new Set<string>();
  const others = new Map<string, number>();
  let creates = 0;
  for (const { method, status, acted, collectionId, tokenId, field } of calls) {
    if (acted === null || tokenId === null || !WRITES.some((one) => one === method)) continue;
    const token = `${collectionId}/${tokenId}`;
    const key = `${method} ${token} ${field}`;
    if (!seen.has(key)) {
      if (status === 200) seen.add(key);
    } else if (method.startsWith("Create")) creates += 1;
    else others.set(token, (others.get(token) ?? 0) + 1);
  }
  return { creates, others };
}
