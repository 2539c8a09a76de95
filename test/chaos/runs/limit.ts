/** A limit that nobody announces, and that changes: no headers tell it, so the gate must find it three times. */
import { setTimeout as wait } from "node:timers/promises";
import type { FaultInput } from "../../../emulator/faults.ts";
import { cancelRest, untilBegun } from "../batches.ts";
import {
  bySecond,
  foundAfterSeconds,
  refusedShare,
  type Stretch,
  sequenceCalls,
  usedShare,
  within,
} from "../calls.ts";
import { endOf } from "../ending.ts";
import { SECOND } from "../limits.ts";
import { atLeast, atMost, type Figure, type Run, told } from "../run.ts";
import { type Stage, setStage } from "../stage.ts";
import { withStage } from "../with-stage.ts";

const LIMIT = 100;
const SETTLES_WITHIN_SECONDS = 15;
/** After a change, and so also after the first limit is met, refusals are how the new one is found. */
const FORGIVEN_MS = 5 * SECOND;

const limitOf = (perSecond: number): FaultInput => ({
  id: "limit",
  where: { method: "Sequence" },
  what: { kind: "rateLimit", perSecond, headers: false },
});

type Phase = Stretch & { readonly perSecond: number };

export const limitRun: Run = {
  name: "limit",
  mustShow:
    "100 calls/s, halved after 20 s, doubled after 40 s; 429s ≤ 1 % outside the 5 s after a change, ≥ 90 % used, found within 15 s",
  alone: true,
  notQuick: "a limit is to be found within 15 s, three times over: shorter it would prove nothing",
  perform: ({ seed }) =>
    withStage(setStage({ seed }), async (stage) => {
      const file = stage.makeFile({ count: 3_000 });
      await stage.emulator.setFaults(limitOf(LIMIT));
      const id = await stage.submit(file);
      await untilBegun(stage, id);
      const phases = await playPhases(stage, [
        [LIMIT, 20],
        [LIMIT / 2, 20],
        [LIMIT, 30],
      ]);
      await stage.emulator.clearFault("limit");
      await cancelRest(stage, id);
      return endOf(stage, {
        published: [],
        figures: ({ upstream }) => figuresOf(sequenceCalls(upstream.calls), phases),
        notes: ({ upstream }) =>
          phases.map((phase) => `${phase.perSecond}/s: ${bySecond(sequenceCalls(upstream.calls), phase)}`),
      });
    }),
};

async function playPhases(
  stage: Stage,
  plan: readonly (readonly [perSecond: number, seconds: number])[],
): Promise<Phase[]> {
  const phases: Phase[] = [];
  for (const [perSecond, seconds] of plan) {
    await stage.emulator.setFaults(limitOf(perSecond));
    const from = Date.now();
    await wait(seconds * SECOND);
    phases.push({ perSecond, from, until: Date.now() });
  }
  return phases;
}

function figuresOf(calls: ReturnType<typeof sequenceCalls>, phases: readonly Phase[]): Figure[] {
  const settled = phases.map(({ from, until }) => within(calls, { from: from + FORGIVEN_MS, until }));
  const [first] = phases.map((phase) => within(calls, phase));
  const all = { from: phases[0]?.from ?? 0, until: phases.at(-1)?.until ?? 0 };
  return [
    atMost("share of 429 outside the 5 s after a change", refusedShare(settled.flat()), 0.01),
    ...phases.flatMap((phase, index) => phaseFigures(calls, phase, index + 1)),
    told(
      "the same with its first 5 s counted too",
      refusedShare([...(first ?? []), ...settled.slice(1).flat()]),
    ),
    told("share of 429 in all of it", refusedShare(within(calls, all))),
  ];
}

function phaseFigures(calls: ReturnType<typeof sequenceCalls>, phase: Phase, number: number): Figure[] {
  const { perSecond } = phase;
  const found = foundAfterSeconds(calls, phase, perSecond);
  const after = Math.min(found, SETTLES_WITHIN_SECONDS) * SECOND;
  const name = `phase ${number} (${perSecond}/s)`;
  return [
    atMost(`${name}: found after seconds`, found, SETTLES_WITHIN_SECONDS),
    atLeast(
      `${name}: share of the limit used from then on`,
      usedShare(calls, { ...phase, from: phase.from + after }, perSecond),
      0.9,
    ),
    told(`${name}: share of the limit used in all of it`, usedShare(calls, phase, perSecond)),
  ];
}
