import "vitest";

type RunningEmulator = { url: string; key: string; project: number; publicKey: string };

declare module "vitest" {
  /** What emulator-setup.ts hands to the tests in workerd. */
  interface ProvidedContext {
    emulators: Record<"conflict" | "endpoint" | "overwrite", RunningEmulator>;
    /** What hostile-setup.ts hands to them: URLs, and the port of the listener that counts. */
    hostile: { hosts: string[]; dead: string; trapPort: number };
  }
}
