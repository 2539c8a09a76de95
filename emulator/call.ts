/**
 * call.ts: the way of every call: into the ledger, past the faults, carried out, out again. What a route does
 * is only what is done in the middle.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, Delivery } from "./answer.ts";
import { afterActing, insteadOfActing } from "./fault-effects.ts";
import type { Occasion } from "./fault-script.ts";
import type { LedgerEntry, Opening } from "./ledger.ts";
import { refusalAnswer, refuse } from "./webrpc.ts";
import type { World } from "./world.ts";

export interface Call extends Omit<Opening, "at"> {
  host: string;
  /** Whether a secret key came with it: whose rate it spends. */
  keyed: boolean;
  act(): Answer | Promise<Answer>;
}

/** Carries a call out as the faults will have it. The whole body was received before. */
export async function perform(world: World, call: Call): Promise<Delivery> {
  const { act, host, keyed, ...opening } = call;
  const entry = world.ledger.open({ ...opening, at: world.now() });
  const plan = world.faults.plan(occasionOf(entry, host, keyed), entry.at);
  if (plan.delayMs > 0 && !(await waited(plan.delayMs, world.closing))) return { kind: "dropped" };
  const instead = plan.strike && insteadOfActing(plan.strike);
  const answer = instead === null ? await carriedOut(act) : null;
  if (answer !== null) entry.acted = world.ledger.nextActed();
  const delivery = answer === null ? (instead ?? dropped) : afterActing(plan.strike, answer);
  note(entry, answer ?? (delivery.kind === "whole" ? delivery.answer : null));
  world.ledger.close({ ...entry, fault: plan.strike?.what.kind ?? null, ms: world.now() - entry.at });
  return withHeaders(delivery, plan.headers);
}

/** Our own defect is answered as the service's would be, and stands in the ledger. */
async function carriedOut(act: Call["act"]): Promise<Answer> {
  try {
    return await act();
  } catch (error) {
    return refusalAnswer(refuse("WebrpcServerPanic", String(error)));
  }
}

const dropped: Delivery = { kind: "dropped" };

/** False if the emulator closed meanwhile: then nothing may be carried out any more. */
async function waited(ms: number, closing: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal: closing });
    return true;
  } catch {
    return false;
  }
}

function note(entry: LedgerEntry, answer: Answer | null): void {
  entry.status = answer?.status ?? 0;
  entry.error = answer?.error ?? null;
  Object.assign(entry, answer?.noted);
  entry.bytes ||= Buffer.byteLength(answer?.body ?? "");
}

function occasionOf(entry: LedgerEntry, host: string, keyed: boolean): Occasion {
  const { surface, method, path, collectionId, tokenId } = entry;
  return { surface, method, path, host, collectionId, tokenId, subject: keyed ? "project" : "public" };
}

function withHeaders(delivery: Delivery, headers: Record<string, string>): Delivery {
  if (delivery.kind === "dropped" || Object.keys(headers).length === 0) return delivery;
  return { ...delivery, answer: { ...delivery.answer, headers: { ...delivery.answer.headers, ...headers } } };
}
