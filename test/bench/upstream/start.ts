/** Starts the upstream in a process of its own and speaks to its side door, where nothing is counted or delayed. */
import * as z from "zod";
import { startLine } from "../line-process.ts";
import { Account } from "./account.ts";
import type { Settings } from "./server.ts";

export type RunningUpstream = {
  readonly url: string;
  readonly host: string;
  readonly pid: number;
  set(settings: Settings): Promise<void>;
  /** Forgets tokens and counts: the next run begins. */
  reset(): Promise<void>;
  account(): Promise<Account>;
  stop(): Promise<void>;
};

const Addresses = z.object({ url: z.string(), sideDoorUrl: z.string() });

export async function startUpstream(): Promise<RunningUpstream> {
  const child = startLine("test/bench/upstream/main.ts", {});
  const { url, sideDoorUrl } = Addresses.parse(JSON.parse(await child.line()));
  const ask = async (path: string, body?: unknown): Promise<Account> => {
    const init = { method: "POST", body: JSON.stringify(body ?? null) };
    const answer = await fetch(`${sideDoorUrl}${path}`, init);
    return Account.parse(await answer.json());
  };
  return {
    url,
    host: new URL(url).host,
    pid: child.pid,
    set: async (settings) => void (await ask("/settings", settings)),
    reset: async () => void (await ask("/reset")),
    account: () => ask("/account"),
    stop: child.stop,
  };
}
