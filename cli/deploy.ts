/**
 * `npm run deploy`: both Workers and all they need, in one Cloudflare account. Exit codes: 0 all good, 1 deployed
 * but the doctor found something, 2 refused as it was asked for, 3 Cloudflare could not be reached or said no.
 */
import { createAsker } from "./deploy/ask.ts";
import { readChoices } from "./deploy/options.ts";
import { runDeploy } from "./deploy/run.ts";
import { EXIT } from "./failure.ts";
import { projectDir } from "./stack/project.ts";
import { createTerminal } from "./terminal.ts";

// `npm run deploy -- --dry-run | head`: whoever reads has read enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.good);
  throw error;
});
const terminal = createTerminal(false, process.stdout, process.stderr, Date.now);
const asker = createAsker(process.stdin, process.stderr);
const choices = readChoices(process.argv.slice(2));
process.exitCode = choices.ok
  ? await runDeploy({
      project: projectDir,
      choices: choices.value,
      environment: process.env,
      terminal,
      asker,
    })
  : choices.error;
asker.close();
