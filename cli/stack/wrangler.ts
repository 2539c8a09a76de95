/** How Wrangler is run here: with our own Node, quiet, and speaking to nobody outside this machine. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Child, startChild } from "./child.ts";
import { type Environment, withoutWorkerVariables } from "./settings.ts";
import type { StateDir } from "./state-dir.ts";

/** Applies what is missing; the last word of its command line names the database as the configuration does. */
export const startMigrating = (state: StateDir, environment: Environment): Child =>
  startWrangler("migrations", state.migrationsLog, state, environment, [
    ...["d1", "migrations", "apply", "mintline", "--local"],
    ...["--config", state.producerConfig],
    ...["--persist-to", state.root],
  ]);

/** Both Workers in one runtime, the producer first: only the first one has a port and the cron address. */
export const startWorkers = (state: StateDir, environment: Environment, port: number): Child =>
  startWrangler("Workers", state.workersLog, state, environment, [
    "dev",
    ...["--config", state.producerConfig],
    ...["--config", state.consumerConfig],
    ...["--persist-to", state.root],
    ...["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"],
    "--show-interactive-dev-session=false",
  ]);

function startWrangler(
  name: string,
  logFile: string,
  state: StateDir,
  environment: Environment,
  args: string[],
): Child {
  return startChild({
    name,
    args: [wranglerBin(), ...args],
    // Not the project: Wrangler would read the `.env` there a second time, and for itself.
    cwd: state.run,
    env: { ...withoutWorkerVariables(environment), ...quietWrangler(state) },
    logFile,
  });
}

function wranglerBin(): string {
  return join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");
}

function quietWrangler(state: StateDir): Environment {
  return {
    CI: "1",
    NO_COLOR: "1",
    FORCE_COLOR: "0",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    // The banner is what asks the npm registry for a newer version.
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_WRITE_LOGS: "false",
    // Else it asks workers.cloudflare.com where we are.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    CLOUDFLARE_INCLUDE_PROCESS_ENV: "false",
    // A stack of another STATE_DIR has Workers and queues of the same names; they must not meet.
    WRANGLER_REGISTRY_PATH: state.registry,
    WRANGLER_CI_DISABLE_CONFIG_WATCHING: "true",
    // Each would record every event of every invocation, for a page that nobody opens.
    X_LOCAL_OBSERVABILITY: "false",
    X_LOCAL_EXPLORER: "false",
  };
}
