/**
 * `npm start`: the local stack until somebody stops it. Checks the environment first, prints a few lines for
 * people and then `ready http://127.0.0.1:PORT` alone on a line. SIGINT, SIGTERM and SIGHUP end it with exit
 * code 0; 2 is a start that cannot work as it was asked for, 1 a stack that broke.
 */
import { faultText, refusedConfig, type StackFault } from "./stack/faults.ts";
import { greeting } from "./stack/greeting.ts";
import { projectDir, readEnvironment } from "./stack/project.ts";
import { type Environment, readSettings, type Settings } from "./stack/settings.ts";
import { endSignal } from "./stack/signals.ts";
import { startStack } from "./stack/stack.ts";
import { createTerminal } from "./terminal.ts";

const terminal = createTerminal(false, process.stdout, process.stderr, Date.now);
const ended = endSignal();
const environment = await readEnvironment();
const settings = readSettings(environment, process.cwd());
process.exitCode = settings.ok
  ? await runUntilEnded(settings.value, environment)
  : complain(refusedConfig(settings.error));

async function runUntilEnded(settings: Settings, environment: Environment): Promise<number> {
  const stack = startStack({ project: projectDir, settings, environment, now: Date.now, tell: terminal.say });
  const started = await Promise.race([stack.started, ended]);
  if (started !== "ended" && !started.ok) return complain(started.error);
  if (started !== "ended") {
    const lines = await Promise.race([greeting(started.value, settings, environment), ended]);
    if (lines !== "ended") terminal.say(...lines, `ready ${started.value.url}`);
  }
  const broken = await Promise.race([stack.broken, ended]);
  if (broken !== "ended") return complain(broken);
  await stack.stop();
  return 0;
}

function complain(fault: StackFault): number {
  terminal.complain(...faultText(fault));
  return fault.exitCode;
}
