/** Finding a host's gate and stepping up to it. */
import type { ConsumerContext } from "../context.ts";
import type { GateSession } from "./pass.ts";
import type { Ask } from "./words.ts";

/** One gate a target for Sequence, whose limit is the project's; one a host for media, whoever asks. */
export const sequenceGate = (target: string): string => `sequence ${target}`;
export const mediaGate = (host: string): string => `media ${host}`;

/** @throws where the object cannot be reached; nothing was granted then. */
export async function stepUp(
  ctx: Pick<ConsumerContext, "gate">,
  name: string,
  ask: Ask,
): Promise<GateSession> {
  const { answer, pass } = await ctx.gate.getByName(name).enter(ask);
  return {
    answer,
    more: (calls, report) => pass.more(calls, report),
    tell: (report) => pass.tell(report),
    end: () => pass[Symbol.dispose](),
  };
}
