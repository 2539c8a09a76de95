/** What the upstream has seen since it was last reset; also what it answers at its side door. */
import * as z from "zod";

export const Account = z.object({
  /** By method; `Media` is the fetch of a picture. Refused ones are not in `calls`. */
  calls: z.record(z.string(), z.number()),
  refused: z.record(z.string(), z.number()),
  /** The most requests that were open at one time. */
  mostInFlight: z.number(),
  /** Sum of how long each request was open, in ms: over the run's length, how many were open on average. */
  openMs: z.number(),
  /** Tokens made, made public with their media, and calls that would have made or published one twice. */
  created: z.number(),
  published: z.number(),
  doubled: z.number(),
  /** Epoch ms; of tokens published. */
  firstPublishedAt: z.number().nullable(),
  lastPublishedAt: z.number().nullable(),
  /** Epoch ms; of calls that belong to a job, refused ones among them. */
  firstWriteAt: z.number().nullable(),
  lastWriteAt: z.number().nullable(),
  /** Tokens published in each second after `firstWriteAt`. */
  publishedBySecond: z.array(z.number()),
});
export type Account = z.infer<typeof Account>;

export type Ledger = {
  readonly account: Account;
  opened(): void;
  closed(afterMs: number): void;
  wrote(now: number): void;
  called(method: string): void;
  refusedOne(method: string): void;
  published(now: number): void;
};

export function openLedger(): Ledger {
  const account: Account = {
    calls: {},
    refused: {},
    mostInFlight: 0,
    openMs: 0,
    created: 0,
    published: 0,
    doubled: 0,
    firstPublishedAt: null,
    lastPublishedAt: null,
    firstWriteAt: null,
    lastWriteAt: null,
    publishedBySecond: [],
  };
  let inFlight = 0;
  return {
    account,
    opened() {
      inFlight += 1;
      account.mostInFlight = Math.max(account.mostInFlight, inFlight);
    },
    closed(afterMs) {
      inFlight -= 1;
      account.openMs += afterMs;
    },
    wrote(now) {
      account.firstWriteAt ??= now;
      account.lastWriteAt = now;
    },
    called(method) {
      account.calls[method] = (account.calls[method] ?? 0) + 1;
    },
    refusedOne(method) {
      account.refused[method] = (account.refused[method] ?? 0) + 1;
    },
    published(now) {
      account.published += 1;
      account.firstPublishedAt ??= now;
      account.lastPublishedAt = now;
      const second = Math.floor((now - (account.firstWriteAt ?? now)) / 1_000);
      while (account.publishedBySecond.length <= second) account.publishedBySecond.push(0);
      account.publishedBySecond[second] = (account.publishedBySecond[second] ?? 0) + 1;
    },
  };
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Of the calls to Sequence (media is another host's), the share that met a 429. */
export function shareRefused({ calls, refused }: Account): number {
  const { Media: _media, ...asked } = calls;
  const all = total(asked) + total(refused);
  return all === 0 ? 0 : total(refused) / all;
}

/** Writes that were let in, of those that the limit allowed from the first to the last. */
export function useOfLimit(account: Account, callsPerSecond: number): number {
  const seconds = ((account.lastWriteAt ?? 0) - (account.firstWriteAt ?? 0)) / 1_000;
  return seconds <= 0 ? 0 : writesOf(account) / (callsPerSecond * seconds);
}

/** Of a rival that always has as many open as it may, just that many. */
export function meanInFlight({ openMs, firstWriteAt, lastWriteAt }: Account): number {
  const ms = (lastWriteAt ?? 0) - (firstWriteAt ?? 0);
  return ms <= 0 ? 0 : openMs / ms;
}

/** The four of a job, and what a job asks in doubt. */
const OF_A_JOB: readonly string[] = ["CreateToken", "CreateAsset", "Upload", "UpdateToken", "GetToken"];
export const isOfAJob = (method: string): boolean => OF_A_JOB.includes(method);
export const writesOf = ({ calls }: Account): number =>
  OF_A_JOB.reduce((sum, method) => sum + (calls[method] ?? 0), 0);
