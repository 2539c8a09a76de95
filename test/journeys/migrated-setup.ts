/** One D1 with all migrations for every journey that is not about the first start: Wrangler takes seconds for each. */
import type { TestProject } from "vitest/node";
import { migratedState, removeMigrated } from "../chaos/migrated.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A STATE_DIR to copy from. */
    migrated: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide("migrated", await migratedState());
  return removeMigrated;
}
