/** Where the project lies, and the environment that a start reads: the process's own variables over `.env`. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Environment, withDotEnv } from "./settings.ts";

export const projectDir = resolve(import.meta.dirname, "../..");

/** @throws if there is a `.env` that cannot be read: going on with the defaults would be a surprise */
export async function readEnvironment(): Promise<Environment> {
  return withDotEnv(await readIfThere(join(projectDir, ".env")), process.env);
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
