/** Where and when something was measured. */
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import * as z from "zod";
import { redisVersion } from "./rivals/redis.ts";

export type Machine = Readonly<Record<string, string>>;

const Package = z.object({ version: z.string() });

export const machineOf = (now: Date): Machine => ({
  date: now.toISOString().slice(0, 16).replace("T", " "),
  CPU: `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores`,
  memory: `${Math.round(totalmem() / 1_000_000_000)} GB`,
  system: `${process.platform} ${release()}`,
  Node: process.version,
  workerd: versionOf("workerd"),
  Wrangler: versionOf("wrangler"),
  BullMQ: versionOf("bullmq"),
  Redis: redisVersion() ?? "not installed",
  "load at the start": loadavg()[0]?.toFixed(1) ?? "unknown",
});

const versionOf = (name: string): string =>
  Package.parse(JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"))).version;
