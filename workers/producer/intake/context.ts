/** What intake is handed, and how each of its steps answers. */
import type { Config } from "../../../shared/config.ts";
import type { Log } from "../../../shared/log.ts";
import type { Sequence } from "../../../shared/sequence/client.ts";
import type { Db } from "../../../shared/store/db.ts";

export type IntakeContext = {
  readonly db: Db;
  readonly bucket: R2Bucket;
  readonly sequence: Pick<Sequence, "getCollection" | "listTokens">;
  readonly config: Pick<Config, "target" | "metadataUrl" | "mediaPrivateHosts" | "maxCallsPerSecond">;
  readonly now: () => number;
  /** A message for the next step; lost ones are sent again by the sweep. */
  sendIntake(batchId: string, delaySeconds?: number): Promise<void>;
  /** Called once the batch may run. */
  dispatch(): Promise<void>;
  readonly log: Log;
};

/**
 * `go`: recorded, the next step may begin. `wait`: the other side needs time. `lost`: somebody else moved or
 * stopped the batch meanwhile, and it is theirs now. `end`: intake is over; `run` where jobs wait for dispatch.
 */
export type Next =
  | { readonly kind: "go" | "lost" }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "end"; readonly run: boolean };

export const GO: Next = { kind: "go" };
export const LOST: Next = { kind: "lost" };
export const goIf = (moved: boolean): Next => (moved ? GO : LOST);
export const endIf = (moved: boolean, run = false): Next => (moved ? { kind: "end", run } : LOST);
