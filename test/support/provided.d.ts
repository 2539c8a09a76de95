import "vitest";

type RunningEmulator = { url: string; key: string; project: number };

declare module "vitest" {
  /** What emulator-setup.ts hands to the tests in workerd. */
  interface ProvidedContext {
    emulators: Record<"conflict" | "endpoint" | "overwrite", RunningEmulator>;
  }
}
