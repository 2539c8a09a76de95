/** What a dry run answers: how many tokens would be made and changed, at what price. Pure. */
import type { Plan } from "../../../shared/api/contract.ts";
import type { BatchOptions } from "../../../shared/job/batch.ts";
import type { Forecast } from "../../../shared/store/intake-tokens.ts";

/** The ceiling of the committed production config, where none is set. */
const CALLS_PER_SECOND = 50;

type Work = { readonly jobs: number; readonly media: number; readonly bytes: number };
const NONE: Work = { jobs: 0, media: 0, bytes: 0 };

/**
 * An upper bound for what is updated: whether its media changed shows only when it is looked at. `bytes` counts
 * the media of sets; what lies behind URLs is not known before it is fetched.
 */
export function planOf(
  forecast: readonly Forecast[],
  options: Pick<BatchOptions, "onExisting" | "publish">,
  maxCallsPerSecond: number | null,
): Plan {
  const of = (kind: Forecast["kind"]): Work =>
    forecast.filter((one) => one.kind === kind).reduce<Work>(sum, NONE);
  const create = of("create");
  const foreign = of("foreign");
  const overwrites = options.onExisting === "update";
  const update = overwrites ? sum(of("update"), foreign) : of("update");
  const conflict = overwrites ? NONE : foreign;
  const publishing = options.publish ? create.jobs : 0;
  const calls = create.jobs + 2 * create.media + publishing + 2 * update.jobs + update.media + conflict.jobs;
  return {
    create: create.jobs,
    update: update.jobs,
    unchanged: of("unchanged").jobs,
    conflict: conflict.jobs,
    calls,
    bytes: create.bytes + update.bytes,
    seconds: Math.ceil(calls / (maxCallsPerSecond ?? CALLS_PER_SECOND)),
  };
}

const sum = (a: Work, b: Work): Work => ({
  jobs: a.jobs + b.jobs,
  media: a.media + b.media,
  bytes: a.bytes + b.bytes,
});
