/**
 * Starts the emulators of a test run, one for each way in which Sequence may answer a create of an existing
 * token. Tests in workerd reach them on 127.0.0.1 and keep apart by collection, also in their faults.
 */
import type { TestProject } from "vitest/node";
import { makeKey, publicKeyOf } from "../../emulator/keys.ts";
import { startEmulator } from "../../emulator/server.ts";

const MODES = ["conflict", "endpoint", "overwrite"] as const;

/** A project each, because each numbers its collections from the same start and the Workers share one D1. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [conflict, endpoint, overwrite] = await Promise.all(
    MODES.map(async (createExisting, index) => {
      const emulator = await startEmulator({ switches: { createExisting } });
      return {
        close: emulator.close,
        given: {
          url: emulator.url,
          key: await makeKey({ project: index + 1 }),
          publicKey: publicKeyOf(index + 1),
        },
      };
    }),
  );
  if (!conflict || !endpoint || !overwrite) throw new Error("an emulator is missing");
  project.provide("emulators", {
    conflict: { ...conflict.given, project: 1 },
    endpoint: { ...endpoint.given, project: 2 },
    overwrite: { ...overwrite.given, project: 3 },
  });
  return async () => {
    await Promise.all([conflict, endpoint, overwrite].map(({ close }) => close()));
  };
}
