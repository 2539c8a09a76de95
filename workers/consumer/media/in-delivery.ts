/** What the jobs of one delivery share of their media: nothing is read or fetched twice side by side. */
import type { Failure } from "../../../shared/job/failure.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { Result } from "../../../shared/result.ts";
import { createRoom, type Room } from "../../../shared/room.ts";
import type { FetchedFacts } from "../../../shared/store/media-fetches.ts";
import { createKeptFiles, createSmallFiles, type SmallFiles } from "./small-files.ts";

export type DeliveryMedia = {
  /** For large media on its way out of R2. */
  readonly uploads: Room;
  readonly files: SmallFiles;
  /** Addresses that several rows need, by batch and address: what came of fetching them, or will. */
  readonly fetches: Map<string, Promise<Result<FetchedFacts, Failure>>>;
};

/** For all deliveries of this isolate. */
const kept = createKeptFiles(LIMITS.smallFilesBytes);

const uploads = createRoom({
  places: LIMITS.largeUploadsAtOnce,
  heldMs: LIMITS.transferMs,
  pollMs: LIMITS.mediaRoomPollMs,
  now: Date.now,
});

export const createDeliveryMedia = (): DeliveryMedia => ({
  uploads,
  files: createSmallFiles(kept),
  fetches: new Map(),
});
