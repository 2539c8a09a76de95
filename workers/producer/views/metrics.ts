/**
 * OpenMetrics text (https://github.com/prometheus/OpenMetrics, 1.0): gauges of what is under way. Sums, not a series
 * a batch: an id as a label would be a new series with every submission. Pure.
 */
import { JOB_STATES } from "../../../shared/job/job.ts";
import { METRICS_BATCHES, METRICS_LETTERS, type MetricsReading } from "../../../shared/store/metrics.ts";

export const OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Messages that wait, by queue; null: the platform did not say. */
export type Backlog = { readonly queue: string; readonly messages: number | null };

type Sample = { readonly labels?: Readonly<Record<string, string>>; readonly value: number };

const LIVE_STATES = ["receiving", "validating", "running", "paused", "halted"] as const;
const HOLDS = ["rate_limited", "upstream_down"] as const;
const WAITS = ["rate_limited", "upstream_down", "media_host_down", "trial"] as const;

export function metricsText(
  { batches, holds, openLetters, refreshes }: MetricsReading,
  backlogs: readonly Backlog[],
): string {
  const counted = (named: string, of: (batch: (typeof batches)[number]) => string | null): number =>
    batches.filter((batch) => of(batch) === named).length;
  const lines = [
    ...gauge(
      "mintline_batches",
      `Batches that are not over, by state; at most ${METRICS_BATCHES} are counted.`,
      LIVE_STATES.map((state) => ({ labels: { state }, value: counted(state, (batch) => batch.state) })),
    ),
    ...gauge(
      "mintline_jobs",
      "Jobs of those batches, by state.",
      JOB_STATES.map((state) => ({
        labels: { state },
        value: batches.reduce((sum, batch) => sum + batch[state], 0),
      })),
    ),
    ...gauge("mintline_jobs_per_second", "Jobs ended a second, over the batches that run.", [
      { value: sumOfRates(batches) },
    ]),
    ...gauge(
      "mintline_batches_waiting",
      "Batches with jobs that wait for somebody else, by reason.",
      WAITS.map((reason) => ({ labels: { reason }, value: counted(reason, (batch) => batch.waiting) })),
    ),
    ...gauge(
      "mintline_held",
      "1 while nothing is sent to Sequence for this reason.",
      HOLDS.map((reason) => ({ labels: { reason }, value: holds.includes(reason) ? 1 : 0 })),
    ),
    ...gauge("mintline_dead_letters_open", `Open dead letters; at most ${METRICS_LETTERS} are counted.`, [
      { value: openLetters },
    ]),
    ...gauge("mintline_refreshes_running", "Refreshes of collections under way.", [{ value: refreshes }]),
    ...gauge(
      "mintline_queue_messages",
      "Messages that wait, by queue.",
      backlogs.flatMap(({ queue, messages }) =>
        messages === null ? [] : [{ labels: { queue }, value: messages }],
      ),
    ),
  ];
  return `${lines.join("\n")}\n# EOF\n`;
}

const sumOfRates = (batches: MetricsReading["batches"]): number =>
  Math.round(
    batches.reduce(
      (sum, { state, rate_per_second }) => sum + (state === "running" ? rate_per_second : 0),
      0,
    ) * 100,
  ) / 100;

const gauge = (name: string, help: string, samples: readonly Sample[]): string[] => [
  `# TYPE ${name} gauge`,
  `# HELP ${name} ${help}`,
  ...samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`),
];

/** Every label's value is one of ours: a word of a list, without anything to escape. */
const labelText = (labels: Sample["labels"]): string =>
  labels === undefined
    ? ""
    : `{${Object.entries(labels)
        .map(([name, value]) => `${name}="${value}"`)
        .join(",")}}`;
