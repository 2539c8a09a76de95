/**
 * One object an upstream host (Sequence: one a target; media: one a host): the only place that knows how many
 * calls all deliveries together may make, and whether the host is there. It hands out turns in blocks, as a
 * stretch of time, so that a delivery asks once and then paces itself.
 *
 * `enter` answers with data and an object for the rest of the delivery. What is asked of that object travels in
 * the same session: it is no further request to this one, and where the delivery's isolate dies, its end is
 * noticed here. Rules and numbers are in gate/; here are only the time and the memory.
 */
import { DurableObject, RpcTarget } from "cloudflare:workers";
import { enter, leave, more, type Pass, type Step, tell } from "./gate/gate.ts";
import { restored, worthKeeping } from "./gate/keep.ts";
import type { GateState } from "./gate/state.ts";
import type { Answer, Ask, Report } from "./gate/words.ts";

const KEY = "gate";

/** One step of the gate, at the present time; its state is kept. */
type Take = <T extends { readonly state: GateState }>(step: (state: GateState, now: number) => T) => T;

export class UpstreamGate extends DurableObject {
  #state: GateState = restored(this.ctx.storage.kv.get(KEY));
  /** As it is stored. */
  #kept: GateState = this.#state;

  enter(ask: Ask): { answer: Answer; pass: GatePass } {
    const { answer, pass } = this.#take((state, now) => enter(state, ask, now));
    return { answer, pass: new GatePass(this.#take, pass) };
  }

  /** An answer leaves this object only after what it rests on has been written. */
  readonly #take: Take = (step) => {
    const taken = step(this.#state, Date.now());
    this.#state = taken.state;
    const lasting = worthKeeping(this.#kept, taken.state);
    if (lasting !== null) {
      this.ctx.storage.kv.put(KEY, lasting);
      this.#kept = lasting;
    }
    return taken;
  };
}

/** One delivery's way to the gate, until it is disposed of. Its methods are called over RPC. */
export class GatePass extends RpcTarget {
  readonly #take: Take;
  #pass: Pass;

  constructor(take: Take, pass: Pass) {
    super();
    this.#take = take;
    this.#pass = pass;
  }

  /** Further turns for so many calls; also after a refusal or a failed probe, to hear what follows from it. */
  more(calls: number, report: Report): Answer {
    return this.#hand(this.#take((state, now) => more(state, this.#pass, calls, report, now)));
  }

  /** The delivery's last word; a report of no calls gives an unused probe back. */
  tell(report: Report): Answer {
    return this.#hand(this.#take((state, now) => tell(state, this.#pass, report, now)));
  }

  /** Called when the delivery is over, however it ended: what it holds is free again. */
  [Symbol.dispose](): void {
    this.#take((state, now) => ({ state: leave(state, this.#pass, now) }));
  }

  #hand({ pass, answer }: Step): Answer {
    this.#pass = pass;
    return answer;
  }
}
