/**
 * metadata.ts: the few methods of the Metadata service that a pipeline needs: liveness, the tokens of a
 * linked contract, and the refresh of its index (done at once, or after `refreshTaskMs`). They take the public access key.
 */

import { stamp } from "./clock.ts";
import { hexHash, slice, struct, text, uint64 } from "./decode.ts";
import { publicToken, publicTokenJson } from "./reads.ts";
import { findCollection, findLink } from "./rows.ts";
import { define, type Method, type Scope } from "./rpc.ts";
import { tokenJson, zeroTime } from "./shapes.ts";
import { type Refusal, refuse } from "./webrpc.ts";
import { canonicalTokenId, type TokenContent } from "./wire.ts";

const nothing = struct({});
const tokensArgs = struct({ chainID: text, contractAddress: hexHash, tokenIDs: slice(text) });
const refreshArgs = struct({ chainID: text, contractAddress: hexHash, tokenIDs: slice(text) });
const taskArgs = struct({ taskId: uint64 });

export const metadataMethods: Record<string, Method> = {
  Ping: define("open", "pingRequest", nothing, () => ({ status: true })),
  Version: define("open", "versionRequest", nothing, () => ({ version })),
  RuntimeStatus: define("open", "runtimeStatusRequest", nothing, runtimeStatus),
  GetTokenMetadata: define("public", "getTokenMetadataRequest", tokensArgs, getTokens),
  RefreshTokenMetadata: define("public", "refreshTokenMetadataRequest", refreshArgs, refresh),
  GetTaskStatus: define("public", "getTaskStatusRequest", taskArgs, taskStatus),
};

const version = { webrpcVersion: "v1", schemaVersion: "v0.4.0", schemaHash: "", appVersion: "emulator" };

function runtimeStatus({ world }: Scope): object {
  const startTime = stamp(world.now(), 9, 0);
  const status = { healthOK: true, startTime, uptime: 0, uptimeString: "0s", ver: "emulator" };
  return { status: { ...status, branch: "", commitHash: "" } };
}

/** An entry for each id asked for; what is not public has an empty one. */
function getTokens({ world, origin }: Scope, args: ReturnType<typeof tokensArgs>): object | Refusal {
  const link = findLink(world.store, chainNumber(args.chainID), args.contractAddress);
  if (link === undefined) return refuse("NotFound", "contract is not known");
  const collection = findCollection(world.store, link.project_id, link.collection_id);
  const tokenMetadata = (args.tokenIDs ?? []).map((given) => {
    const tokenId = canonicalTokenId(given);
    const place = { projectId: link.project_id, collectionId: link.collection_id };
    const found = typeof tokenId === "string" ? publicToken(world, { ...place, tokenId }) : null;
    return found === null || collection === undefined
      ? {
          ...tokenJson(given, unknownToken, zeroTime, world.switches),
          ...notAvailable(world.switches.v2Fields),
        }
      : publicTokenJson(world, found.collection, found.token, origin);
  });
  return { tokenMetadata };
}

function refresh({ world }: Scope, args: ReturnType<typeof refreshArgs>): object | Refusal {
  const link = findLink(world.store, chainNumber(args.chainID), args.contractAddress);
  if (link === undefined) return refuse("NotFound", "contract is not known");
  return { taskID: world.store.run("INSERT INTO tasks (at_ms) VALUES (?)", world.now()).id };
}

function taskStatus({ world }: Scope, { taskId }: ReturnType<typeof taskArgs>): object | Refusal {
  const task = world.store.get<{ at_ms: number }>("SELECT at_ms FROM tasks WHERE id = ?", taskId);
  if (task === undefined) return refuse("NotFound", "task not found");
  return { status: world.now() < task.at_ms + world.switches.refreshTaskMs ? "QUEUED" : "DONE" };
}

function chainNumber(chainID: string): number {
  return /^\d{1,15}$/.test(chainID) ? Number(chainID) : -1;
}

function notAvailable(v2Fields: boolean): object {
  return v2Fields ? { status: "NOT_AVAILABLE" } : {};
}

const unknownToken: TokenContent = {
  name: "",
  description: "",
  image: "",
  video: "",
  audio: "",
  properties: null,
  attributes: null,
  image_data: "",
  external_url: "",
  background_color: "",
  animation_url: "",
  decimals: null,
};
