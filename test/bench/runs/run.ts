/** What a measurement is: a name for `--only`, and figures. */
import type { Figure } from "../figures.ts";
import type { Service } from "../rivals/work.ts";
import type { RunningUpstream } from "../upstream/start.ts";

export type RunGiven = {
  /** Smaller numbers, to see that everything works: its figures say little. */
  readonly quick: boolean;
  readonly upstream: RunningUpstream;
  readonly service: Service;
  /** A line for people while it goes on. */
  readonly tell: (line: string) => void;
};

export type Run = {
  readonly name: string;
  readonly measures: string;
  /** False: only where `--only` names it. */
  readonly always: boolean;
  perform(given: RunGiven): Promise<readonly Figure[]>;
};

export const IN_FLIGHT = 100;
