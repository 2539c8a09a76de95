/** `mintline validate FILE`: the file alone, by the Worker's own rules, without asking anybody. */
import type { Command } from "commander";
import type { FileReport } from "../../shared/intake/validate-file.ts";
import { indexMedia } from "../../shared/media/match.ts";
import { ok, type Result } from "../../shared/result.ts";
import { openSubmission, withMedia } from "../archive/open.ts";
import { plural } from "../batch-text.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode, type Fault, tellFault } from "../failure.ts";
import { reportText } from "../file-report.ts";
import { listFolder } from "../media-folder.ts";
import { believedNames, validateHere } from "../offline.ts";
import { repeated } from "../options.ts";
import { type ReadingOptions, withReadingOptions } from "../submission.ts";

type Options = ReadingOptions & { media?: string; privateHost?: string[] };

export function registerValidate(program: Command): void {
  withReadingOptions(program.command("validate"))
    .summary("check a file, offline")
    .description(
      "Reads the whole file by the rules of the deployment, but here: nothing is sent anywhere. Shows the format, which column became what, the first tokens, how rare each trait is, and every defect. Names of media files are believed unless --media gives the folder that holds them, or they come along in the ZIP or folder.",
    )
    .argument("<file>", "CSV, JSON Lines, JSON, a ZIP or a folder; - reads standard input")
    .option("--media <folder>", "look the names of media files up in this folder")
    .option("--private-host <host:port>", "as in MEDIA_PRIVATE_HOSTS of the deployment; many times", repeated)
    .addHelpText(
      "after",
      `
Examples:
  npx --no mintline validate relics.csv --media ./art
  npx --no mintline validate punks.csv --template "name=CryptoPunk #{id}"
  npx --no mintline validate drop.zip --json`,
    )
    .action((file: string, options: Options, command: Command) =>
      run(command, (context) => validate(context, file, options)),
    );
}

async function validate({ terminal }: Context, file: string, given: Options): Promise<ExitCode> {
  const opened = await openSubmission(file, Number.POSITIVE_INFINITY);
  if (!opened.ok) return tellFault(terminal, opened.error);
  const { file: table, bytes, notes } = opened.value;
  terminal.note(...notes);
  const options = withMedia(given, opened.value);
  const set = await setOf(table, options.media);
  if (!set.ok) return tellFault(terminal, set.error);
  const media = { set: set.value, privateHosts: options.privateHost ?? [] };
  const report = await validateHere(table, bytes, options, media);
  for (const problem of report.problems) terminal.emit(problem);
  terminal.emit(summaryOf(report));
  terminal.say(...reportText(file, report));
  if (options.media === undefined && report.usedFiles.size > 0) {
    terminal.note(
      `${plural(report.usedFiles.size, "name")} of media files believed: --media DIR looks them up.`,
    );
  }
  return isGood(report) ? EXIT.good : EXIT.rows;
}

async function setOf(
  file: string,
  folder: string | undefined,
): Promise<Result<ReturnType<typeof believedNames>, Fault>> {
  if (folder === undefined) return ok(believedNames());
  const files = await listFolder(folder, file);
  return files.ok ? ok(indexMedia(files.value.map(({ fileName }) => ({ fileName })))) : files;
}

const isGood = ({ rows, problems }: FileReport): boolean =>
  rows.invalid === 0 && rows.valid > 0 && problems.every(({ severity }) => severity !== "error");

const summaryOf = ({ problems: _told, usedFiles, ...report }: FileReport) => ({
  ...report,
  usedFiles: usedFiles.size,
});
