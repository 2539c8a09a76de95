/** What the stand-in's account holds. */
import { DatabaseSync } from "node:sqlite";

export type PlayQueue = {
  readonly queue_id: string;
  readonly queue_name: string;
  settings: { message_retention_period?: number };
  consumers: PlayConsumer[];
};
export type PlayConsumer = {
  readonly consumer_id: string;
  readonly script: string;
  readonly settings: unknown;
  readonly dead_letter_queue?: string | undefined;
};
export type PlayBinding = { readonly type: string; readonly name: string; readonly text?: string };
export type PlayScript = {
  bindings: PlayBinding[];
  secrets: Map<string, string>;
  migrationTag: string | null;
  crons: string[];
  workersDev: boolean;
  /** Every upload, by its id. */
  versions: Map<string, PlayBinding[]>;
  /** The version that serves. */
  serving: string;
  /** Bytes of each module of the last upload. */
  modules: Record<string, number>;
  /** The limits of the last upload. */
  limits: unknown;
};

export type PlayAccount = {
  readonly queues: PlayQueue[];
  readonly databases: Map<string, { readonly name: string; readonly sqlite: DatabaseSync }>;
  readonly buckets: Map<string, { rules: unknown[]; objects: string[] }>;
  readonly scripts: Map<string, PlayScript>;
  plan: "free" | "paid" | "unreadable";
  /** How many things were made: for ids. */
  made: number;
};

export const emptyAccount = (): PlayAccount => ({
  queues: [],
  databases: new Map(),
  buckets: new Map(),
  scripts: new Map(),
  plan: "paid",
  made: 0,
});

export function nextId(account: PlayAccount): string {
  account.made += 1;
  return `00000000-0000-4000-8000-${String(account.made).padStart(12, "0")}`;
}

export const tablesOf = (sqlite: DatabaseSync): unknown[] =>
  sqlite.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all();

export const newDatabase = (): DatabaseSync => new DatabaseSync(":memory:");
