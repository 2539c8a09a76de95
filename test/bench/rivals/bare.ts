/** The bare Worker's lap: what the runtime that Mintline runs on could do at most. */
import { temporaryState } from "../../support/start.ts";
import type { BareTask } from "../bare-calls/task.ts";
import { startBare } from "../bare-stack.ts";
import { rowsOf } from "../rows.ts";
import { type Lap, measureLap, type RaceGiven } from "./race.ts";

export async function raceBare(given: RaceGiven): Promise<Lap> {
  const { upstream, service, inFlight } = given;
  const state = await temporaryState();
  const stack = await startBare("bare-calls", state.dir);
  const publish = async (count: number, firstId: number): Promise<number> => {
    const task: BareTask = { service, inFlight, rows: rowsOf(upstream.url, count, firstId) };
    const answer = await fetch(stack.url, { method: "POST", body: JSON.stringify(task) });
    if (!answer.ok) throw new Error(`the bare Worker: ${answer.status} ${await answer.text()}`);
    return Number(await answer.text());
  };
  try {
    await publish(given.warmUpRows, 1);
    return await measureLap(upstream, [stack.pid], given.rows, async () => {
      const startedAt = performance.now();
      const published = await publish(given.rows, 1_000_000);
      return { seconds: (performance.now() - startedAt) / 1_000, published };
    });
  } finally {
    await stack.stop();
    await state.remove();
  }
}
