/**
 * The gates of media hosts, as one delivery meets them. Each host is asked once, when a job first needs it: media
 * from sets needs none, and what is uploaded already is not fetched again. A gate that cannot be asked lets through:
 * the host is not ours to protect, and its own trouble still shows.
 */
import { LIMITS } from "../../../shared/limits.ts";
import type { ConsumerContext } from "../context.ts";
import { mediaGate, stepUp } from "./open-gate.ts";
import { createPass, type Pass } from "./pass.ts";
import type { Answer } from "./words.ts";

/** `pass` null: go on, but nobody counts. `until`, `since`: epoch ms; the host does not answer, so wait. */
export type Way =
  | { readonly kind: "go"; readonly pass: Pass | null }
  | { readonly kind: "wait"; readonly since: number; readonly until: number };

export type MediaGates = {
  /** Asked once for each fetch: of a probe only the first may go. */
  wayTo(host: string): Promise<Way>;
  /** Says everywhere what was met. @returns the hosts that are open again after a probe of this delivery. */
  close(): Promise<string[]>;
};

/** Fetches that are granted at once: one for each job of a delivery is the most it can need first. */
const FIRST_CALLS = 10;

export function createMediaGates(ctx: Pick<ConsumerContext, "gate" | "now" | "log">): MediaGates {
  const passes = new Map<string, Promise<Pass | null>>();
  /** Hosts of which one job of this delivery is trying, or will come back to try, for all. */
  const spoken = new Set<string>();

  const open = async (host: string): Promise<Pass | null> => {
    try {
      const session = await stepUp(ctx, mediaGate(host), { calls: FIRST_CALLS, ceiling: null, report: null });
      return createPass(session, { calls: FIRST_CALLS, quota: () => null, now: ctx.now });
    } catch (error) {
      ctx.log.error("gate.unreachable", { host, error: String(error) });
      return null;
    }
  };
  const closeOne = async (host: string, pass: Pass | null): Promise<string[]> => {
    try {
      const after: Answer | undefined = await pass?.close();
      return pass?.answer.kind === "probe" && after?.kind === "open" ? [host] : [];
    } catch (error) {
      ctx.log.error("gate.untold", { host, error: String(error) });
      return [];
    }
  };
  return {
    async wayTo(host) {
      const known = passes.get(host) ?? open(host);
      passes.set(host, known);
      const pass = await known;
      const isFirst = !spoken.has(host);
      spoken.add(host);
      return wayThrough(pass, isFirst, ctx.now());
    },
    async close() {
      const closed = [...passes].map(async ([host, pass]) => closeOne(host, await pass));
      return (await Promise.all(closed)).flat();
    },
  };
}

/**
 * One comes back when the gate may open, or tries now; the others wait long, and are woken when it got through.
 * After a quarter of an hour everybody goes and spends attempts: a host that never answers is a wrong name.
 */
function wayThrough(pass: Pass | null, isFirst: boolean, now: number): Way {
  const answer = pass?.answer ?? null;
  if (answer === null || answer.kind === "open") return { kind: "go", pass };
  if (answer.kind === "probe") {
    return isFirst ? { kind: "go", pass } : { kind: "wait", since: now, until: now + LIMITS.mediaHostDownMs };
  }
  const { reason, since, until, herald } = answer;
  if (reason === "down" && now - since > LIMITS.mediaPatienceMs) return { kind: "go", pass: null };
  return { kind: "wait", since, until: isFirst && herald ? until : now + LIMITS.mediaHostDownMs };
}
