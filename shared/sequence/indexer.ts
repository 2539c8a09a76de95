/**
 * The public half of the service: what it tells wallets and marketplaces of a contract's tokens, and the request to
 * look at them again. Asked with the PUBLIC access key of the project and never with the secret one: beside each
 * other, Sequence refuses both. Each method asks once; see `sequence.ts`.
 */
import { Metadata } from "@0xsequence/metadata";
import * as z from "zod";
import type { Failure } from "../job/failure.ts";
import type { Result } from "../result.ts";
import { asGiven, callService, type SequenceOptions } from "./rpc.ts";

type Answer<T> = Promise<Result<T, Failure>>;

/** `PAUSED` is one that goes on by itself. */
const TASK_STATES = ["QUEUED", "PAUSED", "FAILED", "DONE"] as const;
export type TaskState = (typeof TASK_STATES)[number];

export type Indexer = {
  /** @returns the task that does it, or null where it is done already. */
  refreshTokens(
    args: { chainId: number; contractAddress: string; tokenIds: readonly string[] },
    signal?: AbortSignal,
  ): Answer<number | null>;
  taskState(taskId: number, signal?: AbortSignal): Answer<TaskState>;
};

const Refreshed = z.object({ taskID: z.number().int().nonnegative().nullish() });
const Status = z.object({ status: z.enum(TASK_STATES).nullish() });

/** @param accessKey `PROJECT_ACCESS_KEY`. */
export function createIndexer(options: Omit<SequenceOptions, "jwt">, accessKey: string): Indexer {
  const own: SequenceOptions = { ...options, jwt: accessKey };
  const authorize = (headers: Headers): void => headers.set("X-Access-Key", accessKey);
  const create = (host: string, fetch: (input: RequestInfo, init?: RequestInit) => Promise<Response>) =>
    new Metadata(host, fetch);
  return {
    refreshTokens({ chainId, contractAddress, tokenIds }, signal) {
      const where = `RefreshTokenMetadata of ${tokenIds.length} tokens of ${contractAddress} on chain ${chainId}`;
      const args = { chainID: String(chainId), contractAddress, tokenIDs: [...tokenIds] };
      const answer = Refreshed.transform(({ taskID }) => taskID || null);
      const rpc = (client: Metadata) => client.refreshTokenMetadata(args);
      return callService({ options: own, create, authorize }, where, answer, rpc, signal);
    },
    taskState(taskId, signal) {
      const answer = Status.transform(({ status }) => status ?? "QUEUED");
      const rpc = (client: Metadata) => client.getTaskStatus(asGiven({ taskId }));
      return callService(
        { options: own, create, authorize },
        `GetTaskStatus of task ${taskId}`,
        answer,
        rpc,
        signal,
      );
    },
  };
}
