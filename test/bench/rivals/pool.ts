/**
 * The plain script: so many rows in flight, each retried by itself, its status in a file. With one in flight and a
 * status written for each token it is the guide's own way.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { Row } from "../rows.ts";
import { openStatus, type StatusFile } from "./status.ts";
import { ATTEMPTS, mayPass, type Progress, type Service, startWork, type Work, waitMs } from "./work.ts";

export async function runPool(
  service: Service,
  rows: readonly Row[],
  given: { readonly inFlight: number; readonly statusPath: string; readonly statusAtOnce: number },
): Promise<Record<string, number>> {
  const work = startWork(service, given.inFlight);
  const status = openStatus(given.statusPath, given.statusAtOnce);
  const open = rows.values();
  const lane = async (): Promise<void> => {
    for (const row of open) await publish(work, row, status);
  };
  await Promise.all(Array.from({ length: given.inFlight }, lane));
  return status.close();
}

async function publish(work: Work, row: Row, status: StatusFile): Promise<void> {
  const { tokenId } = row;
  const progress: Progress = {};
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work.publish(row, progress);
      return status.put({ tokenId, state: "published", url: progress.assetUrl ?? null, error: null });
    } catch (error) {
      if (attempt === ATTEMPTS || !mayPass(error)) {
        return status.put({ tokenId, state: "failed", url: null, error: String(error) });
      }
      await wait(waitMs(attempt, Math.random()));
    }
  }
}
