/** How the window is shared: by priority, evenly within one, and with nothing left unused. */
import { describe, expect, it } from "vitest";
import { shareWindow, windowFor } from "../../shared/dispatch.ts";
import type { Priority } from "../../shared/job/batch.ts";
import type { DispatchableBatch } from "../../shared/store/dispatches.ts";

const batch = (
  id: string,
  priority: Priority,
  given: Partial<DispatchableBatch> = {},
): DispatchableBatch => ({
  id,
  kind: "submit",
  priority,
  pending: 10_000,
  queued: 0,
  ratePerSecond: 0,
  trialLeft: null,
  ...given,
});

const shares = (...batches: DispatchableBatch[]): Record<string, number> =>
  Object.fromEntries(shareWindow(batches).map(({ id, share }) => [id, share]));

/** Settles ten jobs of the queue at a time, as deliveries do, and fills the window after each. */
function run(batches: readonly DispatchableBatch[], deliveries: number): Record<string, number> {
  const left = new Map(batches.map(({ id, pending }) => [id, pending]));
  const queue: string[] = [];
  const done: Record<string, number> = Object.fromEntries(batches.map(({ id }) => [id, 0]));
  for (let n = 0; n < deliveries; n += 1) {
    const now = batches
      .map((one) => ({
        ...one,
        pending: left.get(one.id) ?? 0,
        queued: queue.filter((id) => id === one.id).length,
      }))
      .filter(({ pending, queued }) => pending + queued > 0);
    for (const { id, share } of shareWindow(now)) {
      left.set(id, (left.get(id) ?? 0) - share);
      queue.push(...Array<string>(share).fill(id));
    }
    for (const id of queue.splice(0, 10)) done[id] = (done[id] ?? 0) + 1;
  }
  return done;
}

describe("the shares of the window", () => {
  it("are sixteen to four to one, and even within a priority", () => {
    const { urgent, usual, other, idle } = shares(
      batch("urgent", "high"),
      batch("usual", "normal"),
      batch("other", "normal"),
      batch("idle", "low"),
    );
    expect(usual).toBe(other);
    expect((urgent ?? 0) / (usual ?? 1)).toBeGreaterThan(3.9);
    expect(idle).toBeGreaterThan(0);
    expect((urgent ?? 0) + (usual ?? 0) + (other ?? 0) + (idle ?? 0)).toBeLessThanOrEqual(windowFor(0) + 4);
  });

  it("leave nothing unused where one has little to send, or is alone", () => {
    expect(shares(batch("low", "low"))).toEqual({ low: windowFor(0) });
    expect(shares(batch("urgent", "high", { pending: 3 }), batch("low", "low"))).toEqual({
      urgent: 3,
      low: windowFor(0) - 3,
    });
    expect(shares(batch("paused trial", "high", { trialLeft: 0 }), batch("low", "low"))).toEqual({
      low: windowFor(0),
    });
  });

  it("let an urgent batch that comes late have its part at once, although the window is full", () => {
    const late = shares(batch("large", "normal", { queued: windowFor(0) }), batch("urgent", "high"));
    expect(late).toEqual({ urgent: Math.floor((windowFor(0) * 16) / 20) });
  });
});

describe("work done", () => {
  it("goes by priority, and starves nobody", () => {
    const done = run([batch("low", "low"), batch("usual", "normal"), batch("urgent", "high")], 400);
    expect((done.urgent ?? 0) / 4_000).toBeGreaterThan(0.7);
    expect((done.usual ?? 0) / 4_000).toBeGreaterThan(0.15);
    expect((done.low ?? 0) / 4_000).toBeGreaterThan(0.03);
  });

  it("lets a hundred urgent rows pass ten thousand others", () => {
    const done = run([batch("large", "normal"), batch("urgent", "high", { pending: 100 })], 14);
    expect(done.urgent).toBe(100);
  });
});
