/** `mintline edit`: correct dead rows where they stand, one by its cells or many by a patch, and replay them. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { RowProblem } from "../../shared/api/contract.ts";
import { plural } from "../batch-text.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode, type Fault, tellFault, usageFault } from "../failure.ts";
import { followReplay } from "../follow.ts";
import { text } from "../options.ts";

type Options = { patch?: string; batch?: string; replay?: boolean };

/** Jobs in one filter of the API. */
const JOBS_AT_ONCE = 1_000;

export function registerEdit(program: Command): void {
  program
    .command("edit")
    .summary("correct dead rows where they stand")
    .description(
      'Changes cells of a dead row: COLUMN is a header of the submitted file, or a field such as image; an empty VALUE empties the cell. The row is validated again as at submission, the original is kept. --patch FILE corrects many: a CSV with a column "line" or "token_id" and the changed columns; an empty cell there changes nothing, and nothing is changed while any row has a defect. The file of `results --failed`, corrected, is such a patch.',
    )
    .argument("[job]", "bat_…:17, as dead-letters lists it")
    .argument("[cells...]", "COLUMN=VALUE")
    .option("--patch <file>", "a CSV of corrections", text)
    .option("--batch <batch>", "the batch that the patch is for", text)
    .option("--replay", "replay what was corrected, and follow it to its end")
    .addHelpText(
      "after",
      `
Examples:
  npx --no mintline edit bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C:17 image=relic-17.png --replay
  npx --no mintline edit --patch fixes.csv --batch bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C --replay`,
    )
    .action((job: string | undefined, cells: string[], options: Options, command: Command) =>
      run(command, (context) => act(context, job, cells, options)),
    );
}

async function act(
  context: Context,
  job: string | undefined,
  cells: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const { terminal, typed } = context;
  if (options.patch !== undefined) {
    if (job === undefined) return patch(context, options.patch, options);
    return tellFault(
      terminal,
      usageFault(
        "cli.edit_twofold",
        `Expected a job or --patch, got both: "${job}" and ${options.patch}.`,
        `Leave one out: \`${typed("edit --help")}\` shows both ways.`,
      ),
    );
  }
  const changes = readCells(cells);
  if (job === undefined || changes === null || Object.keys(changes).length === 0) {
    return tellFault(terminal, cellsRequired(job, typed));
  }
  return editOne(context, job, changes, options);
}

const cellsRequired = (job: string | undefined, typed: Context["typed"]): Fault =>
  usageFault(
    "cli.cells_required",
    `Expected a job and at least one COLUMN=VALUE${job === undefined ? ", got no job" : ""}.`,
    `Type ${typed(`edit ${job ?? "JOB"} COLUMN=VALUE`)}; \`${typed("dead-letters")}\` lists the jobs, and with --job their cells.`,
  );

/** Null where one has no `=`. */
function readCells(cells: readonly string[]): Record<string, string> | null {
  const entries = cells.map((cell): [string, string] | null => {
    const at = cell.indexOf("=");
    return at > 0 ? [cell.slice(0, at), cell.slice(at + 1)] : null;
  });
  const read = entries.filter((entry) => entry !== null);
  return read.length === entries.length ? Object.fromEntries(read) : null;
}

async function editOne(
  context: Context,
  job: string,
  cells: Record<string, string>,
  options: Options,
): Promise<ExitCode> {
  const { client, terminal, typed } = context;
  const edited = await client.editDeadLetter(job, cells);
  if (!edited.ok) return tellRefused(context, edited.error);
  terminal.emit(edited.value);
  tellWarnings(context, edited.value.warnings);
  terminal.say(`${job}: ${Object.keys(cells).join(", ")} set; the row is valid.`);
  if (options.replay) return replayJobs(context, [job]);
  terminal.say(`replay: ${typed(`replay --job ${job} --watch`)}`);
  return EXIT.good;
}

async function patch(context: Context, fileName: string, options: Options): Promise<ExitCode> {
  const { client, terminal, typed } = context;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await readFile(fileName));
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    return tellFault(
      terminal,
      usageFault("cli.unreadable_file", `Cannot read ${fileName}: ${why}.`, "Check the name of the patch."),
    );
  }
  const patched = await client.patchDeadLetters(bytes, options.batch);
  if (!patched.ok) return tellRefused(context, patched.error);
  const { edited, unchanged, jobIds, warnings } = patched.value;
  terminal.emit(patched.value);
  tellWarnings(context, warnings);
  terminal.say(
    `${plural(edited, "row")} corrected${unchanged > 0 ? `, ${unchanged} as they were already` : ""}.`,
  );
  if (edited === 0) return EXIT.good;
  if (options.replay) return replayJobs(context, jobIds);
  const selection = options.batch === undefined ? `--job ${jobIds[0] ?? "ID"}` : `--batch ${options.batch}`;
  terminal.say(`replay: ${typed(`replay ${selection} --watch`)}`);
  return EXIT.good;
}

type Refusal = Parameters<Context["failed"]>[0];

/** The defects themselves are told one by one, each with its line, column and next step. */
function tellRefused({ terminal, failed }: Context, failure: Refusal): ExitCode {
  const exit = failed(failure);
  if (failure.reason !== "refused" || failure.problem.code !== "edit.invalid") return exit;
  const { problems, defects } = failure.problem;
  const listed = Array.isArray(problems) ? problems : [];
  if (Number(defects) > listed.length) terminal.complain(`… ${Number(defects) - listed.length} more.`);
  return exit;
}

function tellWarnings({ terminal }: Context, warnings: readonly RowProblem[]): void {
  for (const { line, column, code, message } of warnings) {
    terminal.note(`line ${line}${column === "" ? "" : `, ${column}`}: warning ${code}: ${message}`);
  }
}

/** Only those that were corrected: what else is dead has not been mended. */
async function replayJobs(context: Context, jobIds: readonly string[]): Promise<ExitCode> {
  const { client, terminal, failed } = context;
  let [completed, deadAgain, selected] = [0, 0, 0];
  for (let from = 0; from < jobIds.length; from += JOBS_AT_ONCE) {
    const asked = await client.replayDeadLetters({
      filter: { jobIds: jobIds.slice(from, from + JOBS_AT_ONCE) },
    });
    if (!asked.ok) return failed(asked.error);
    const { id } = asked.value;
    if (id === null) continue;
    const ended = await followReplay(client, context, id, {
      reading: (reading) => terminal.emit(reading),
      lost: () => terminal.note(`No answer from ${client.url}; asking again.`),
    });
    if (!ended.ok) return failed(ended.error);
    completed += ended.value.completed;
    deadAgain += ended.value.deadAgain;
    selected += ended.value.selected;
  }
  terminal.say(`replayed ${selected}: ${completed} done, ${deadAgain} failed again`);
  return completed < selected ? EXIT.rows : EXIT.good;
}
