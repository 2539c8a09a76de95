/** What outlives a gate's object. */
import { describe, expect, it } from "vitest";
import { tell } from "../../../../workers/consumer/gate/gate.ts";
import { restored, worthKeeping } from "../../../../workers/consumer/gate/keep.ts";
import { freshGate, GateState } from "../../../../workers/consumer/gate/state.ts";
import { come, failures, gateAt, report, START } from "../../../support/gate.ts";

describe("what is worth keeping", () => {
  it("is not the usual: deliveries come and go", () => {
    const gate = gateAt(100);
    const { state, pass } = come(gate, START);
    expect(worthKeeping(gate, state)).toBeNull();
    const told = report({ waited: 0, lastAt: START + 10 });
    expect(worthKeeping(gate, tell(state, pass, told, START + 10).state)).toBeNull();
  });

  it("is an outage, its probes and its end", () => {
    const gate = freshGate();
    const { state, pass } = come(gate, START);
    const shut = tell(state, pass, failures(10), START).state;
    const kept = worthKeeping(gate, shut);
    expect(kept?.breaker).toEqual(shut.breaker);
    const probe = come(shut, START + 2_000);
    expect(worthKeeping(kept ?? gate, probe.state)?.breaker.shut?.probe).toMatchObject({ at: START + 2_000 });
    const told = report({ firstAt: START + 2_000, lastAt: START + 2_000 });
    expect(
      worthKeeping(kept ?? gate, tell(probe.state, probe.pass, told, START + 2_100).state),
    ).not.toBeNull();
  });

  it("is a limit that was met, and growth by half", () => {
    const gate = gateAt(100);
    expect(worthKeeping(gate, { ...gate, rate: { ...gate.rate, era: 1 } })).not.toBeNull();
    expect(worthKeeping(gate, { ...gate, rate: { ...gate.rate, perSecond: 149 } })).toBeNull();
    expect(worthKeeping(gate, { ...gate, rate: { ...gate.rate, perSecond: 151 } })).not.toBeNull();
  });

  it("is, under a ceiling, until when turns are out, though not with every grant", () => {
    const gate = freshGate();
    const first = come(gate, START, { calls: 20, ceiling: 20 }).state;
    const kept = worthKeeping(gate, first);
    expect(kept?.grid.nextAt).toBeGreaterThan(first.grid.nextAt);
    expect(worthKeeping(kept ?? gate, come(first, START + 1, { calls: 5, ceiling: 20 }).state)).toBeNull();
  });
});

describe("what is read back", () => {
  it("is what was kept", () => {
    const shut = tell(come(freshGate(), START).state, { by: 1, era: 0 }, failures(10), START).state;
    const kept = worthKeeping(freshGate(), shut);
    expect(restored(structuredClone(kept))).toEqual(kept);
    expect(GateState.parse(kept)).toEqual(kept);
  });

  it.each([undefined, null, "x", {}, { rate: { perSecond: "fast" } }])(
    "is nothing where %j was found",
    (found) => {
      expect(restored(found)).toEqual(freshGate());
    },
  );
});
