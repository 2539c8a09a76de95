/** The upstream's own maximum: what it could answer must lie well above what anybody asks of it. */
import * as z from "zod";
import { told } from "../figures.ts";
import { lines } from "../line-process.ts";
import { usageOf } from "../processes.ts";
import { IN_FLIGHT, type Run } from "./run.ts";

const Load = z.object({ callsPerSecond: z.number() });

export const upstreamRun: Run = {
  name: "upstream",
  measures: "the upstream's own maximum of calls a second",
  always: true,
  async perform({ quick, upstream }) {
    await upstream.set({ latencyMs: 0, callsPerSecond: null });
    await upstream.reset();
    const before = usageOf([upstream.pid]).cpuMs;
    const seconds = quick ? 2 : 8;
    const script = "test/bench/upstream/load.ts";
    const load = lines([process.execPath, script, upstream.url, String(IN_FLIGHT), String(seconds)], {});
    const { callsPerSecond } = Load.parse(JSON.parse(await load.line()));
    await load.stop();
    const cpuMs = usageOf([upstream.pid]).cpuMs - before;
    return [
      told("the upstream's own maximum", callsPerSecond, "calls/s", "no latency, 100 connections"),
      told("the upstream's own CPU", cpuMs / (callsPerSecond * seconds), "ms/call"),
    ];
  },
};
