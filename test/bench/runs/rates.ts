/** Jobs a second beside the rivals, at a latency that hides everybody's own work and at one that does not. */
import { atLeast, type Bound, type Figure, judged, told } from "../figures.ts";
import { raceMintline } from "../mintline-stack.ts";
import { raceBare } from "../rivals/bare.ts";
import { type Lap, type RivalName, race } from "../rivals/race.ts";
import { HOW_TO_INSTALL, redisVersion } from "../rivals/redis.ts";
import { meanInFlight } from "../upstream/account.ts";
import { IN_FLIGHT, type Run, type RunGiven } from "./run.ts";

/** A picture and the four calls, one after the other. */
const CALLS_A_JOB = 5;

type Laps = Readonly<Partial<Record<RivalName, Lap>>>;
type Rate = {
  readonly latencyMs: number;
  readonly rows: { readonly full: number; readonly quick: number };
  /** The guide's way is slow by nature; its rate does not depend on the number of rows. */
  readonly guideRows: { readonly full: number; readonly quick: number };
};

const TITLES = {
  guide: "the guide's way",
  pool: "the Node pool",
  bullmq: "BullMQ + Redis",
  bare: "a bare Worker",
  mintline: "Mintline",
} as const satisfies Record<RivalName, string>;

async function lapsOf(given: RunGiven, rate: Rate): Promise<Laps> {
  await given.upstream.set({ latencyMs: rate.latencyMs, callsPerSecond: null });
  const size = given.quick ? "quick" : "full";
  const rows = rate.rows[size];
  const common = { upstream: given.upstream, service: given.service };
  const many = { ...common, inFlight: IN_FLIGHT, warmUpRows: Math.min(500, rows), rows };
  const laps: Partial<Record<RivalName, Lap>> = {};
  const run = async (rival: RivalName, lap: Promise<Lap>): Promise<void> => {
    laps[rival] = await lap;
    const { jobsPerSecond, account } = laps[rival];
    const bySecond = account.publishedBySecond.join(" ");
    given.tell(`${TITLES[rival]}: ${jobsPerSecond.toFixed(1)} jobs/s; published in each second: ${bySecond}`);
  };
  const guide = { ...common, inFlight: 1, warmUpRows: 3, rows: rate.guideRows[size] };
  await run("guide", race("guide", guide));
  await run("pool", race("pool", many));
  if (redisVersion() === null) given.tell(`BullMQ + Redis not run: ${HOW_TO_INSTALL}`);
  else await run("bullmq", race("bullmq", many));
  await run("bare", raceBare(many));
  await run("mintline", raceMintline(many));
  return laps;
}

/** What each did, for the record. */
const lapFigures = (latencyMs: number, laps: Laps): Figure[] =>
  (["guide", "pool", "bullmq", "bare", "mintline"] as const).flatMap((rival) => {
    const lap = laps[rival];
    if (!lap) return [];
    const { jobsPerSecond, cpuMsPerJob, peakBytes, rows, account } = lap;
    const at = `at ${latencyMs} ms: ${TITLES[rival]}`;
    const busiest = Math.max(...account.publishedBySecond);
    return [
      told(
        `${at}, jobs/s`,
        jobsPerSecond,
        "/s",
        `${rows} rows; best second ${busiest}; in flight ${meanInFlight(account).toFixed(0)} on average, ${account.mostInFlight} at most`,
      ),
      told(`${at}, CPU a job`, cpuMsPerJob, "ms", "whole process tree"),
      told(`${at}, peak memory`, peakBytes / 1_000_000, "MB", "resident, whole process tree"),
    ];
  });

function against(name: string, laps: Laps, rival: RivalName, bound: Bound): Figure {
  const { mintline, [rival]: other } = laps;
  const value = mintline && other ? mintline.jobsPerSecond / other.jobsPerSecond : null;
  const note = other ? null : rival === "bullmq" ? HOW_TO_INSTALL : "not run";
  return judged(`${name}: against ${TITLES[rival]}`, value, "×", bound, note);
}

/** How near Mintline is to what the runtime allows: the same calls by a Worker that does nothing else. */
function ofTheRuntime(at: string, { mintline, bare }: Laps): Figure {
  const value = mintline && bare ? mintline.jobsPerSecond / bare.jobsPerSecond : null;
  return told(`${at}: against ${TITLES.bare}`, value, "×", "what this runtime does at most, in one thread");
}

const AT_100 = "jobs/s at 100 ms upstream latency, 100 calls in flight";
export const at100Run: Run = {
  name: "at-100ms",
  measures: `${AT_100}, beside three rivals`,
  always: true,
  async perform(given) {
    const laps = await lapsOf(given, {
      latencyMs: 100,
      rows: { full: 6_000, quick: 400 },
      guideRows: { full: 60, quick: 6 },
    });
    const limit = IN_FLIGHT / (CALLS_A_JOB * 0.1);
    return [
      against(AT_100, laps, "bullmq", atLeast(1)),
      against(AT_100, laps, "pool", atLeast(0.95)),
      against(AT_100, laps, "guide", atLeast(50)),
      judged(
        "the same, share of the latency-bound limit",
        laps.mintline ? laps.mintline.jobsPerSecond / limit : null,
        "",
        atLeast(0.9),
        `${limit} jobs/s: 100 in flight ÷ (a picture and four calls of 100 ms)`,
      ),
      ofTheRuntime("jobs/s at 100 ms", laps),
      ...lapFigures(100, laps),
    ];
  },
};

export const at20Run: Run = {
  name: "at-20ms",
  measures: "jobs/s at 20 ms, where one workerd thread is the limit, and CPU a job",
  always: true,
  async perform(given) {
    const laps = await lapsOf(given, {
      latencyMs: 20,
      rows: { full: 6_000, quick: 400 },
      guideRows: { full: 100, quick: 10 },
    });
    return [
      against("jobs/s at 20 ms", laps, "bullmq", atLeast(1)),
      against("jobs/s at 20 ms", laps, "pool", atLeast(0.8)),
      ofTheRuntime("jobs/s at 20 ms", laps),
      ...lapFigures(20, laps),
    ];
  },
};
