/** A limit of 200 calls/s that nobody announces: how much of it is used, and how many calls meet a 429. */
import { atLeast, atMost, judged, told } from "../figures.ts";
import { raceMintline } from "../mintline-stack.ts";
import { shareRefused, useOfLimit } from "../upstream/account.ts";
import { IN_FLIGHT, type Run } from "./run.ts";

const CALLS_PER_SECOND = 200;

export const limitRun: Run = {
  name: "limit",
  measures: "use of a limit of 200 calls/s, and 429s",
  always: true,
  async perform({ quick, upstream, service }) {
    await upstream.set({ latencyMs: 20, callsPerSecond: CALLS_PER_SECOND });
    // Four calls a job: 50 jobs/s. The warm-up has found the limit once, as any earlier batch would have.
    const rows = quick ? 800 : 6_000;
    const lap = await raceMintline({ upstream, service, inFlight: IN_FLIGHT, warmUpRows: 200, rows });
    const { account, seconds, jobsPerSecond } = lap;
    return [
      judged("use of a limit of 200 calls/s", useOfLimit(account, CALLS_PER_SECOND), "", atLeast(0.95)),
      judged(
        "429s under a limit of 200 calls/s",
        shareRefused(account),
        "",
        atMost(0.01),
        `${rows} rows, ${seconds.toFixed(0)} s`,
      ),
      told(
        "jobs/s under a limit of 200 calls/s",
        jobsPerSecond,
        "/s",
        "50 are possible; from submission to finished",
      ),
    ];
  },
};
