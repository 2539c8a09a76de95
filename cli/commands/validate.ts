/** `mintline validate FILE`: the file alone, by the Worker's own rules, without asking anybody. */
import type { Command } from "commander";
import type { FileReport } from "../../shared/intake/validate-file.ts";
import { indexMedia } from "../../shared/media/match.ts";
import { ok, type Result } from "../../shared/result.ts";
import { plural, rowProblemText } from "../batch-text.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode, type Fault, tellFault } from "../failure.ts";
import { openFile, readStdin } from "../files.ts";
import { listFolder } from "../media-folder.ts";
import { believedNames, validateHere } from "../offline.ts";
import { repeated } from "../options.ts";
import { type ReadingOptions, withReadingOptions } from "../submission.ts";

type Options = ReadingOptions & { media?: string; privateHost?: string[] };

/** Enough to see what is wrong; --json lists them all. */
const SHOWN = 50;

export function registerValidate(program: Command): void {
  withReadingOptions(program.command("validate"))
    .summary("check a file, offline")
    .description(
      "Reads the whole file by the rules of the deployment, but here: nothing is sent anywhere. Names of media files are believed unless --media gives the folder that holds them.",
    )
    .argument("<file>", "the CSV; - reads standard input")
    .option("--media <folder>", "look the names of media files up in this folder")
    .option("--private-host <host:port>", "as in MEDIA_PRIVATE_HOSTS of the deployment; many times", repeated)
    .addHelpText(
      "after",
      `
Examples:
  npx --no mintline validate relics.csv --media ./art
  npx --no mintline validate punks.csv --template "name=CryptoPunk #{id}"`,
    )
    .action((file: string, options: Options, command: Command) =>
      run(command, (context) => validate(context, file, options)),
    );
}

async function validate({ terminal }: Context, file: string, options: Options): Promise<ExitCode> {
  const opened =
    file === "-" ? await readStdin(process.stdin) : await openFile(file, Number.POSITIVE_INFINITY);
  if (!opened.ok) return tellFault(terminal, opened.error);
  const set = await setOf(file, options.media);
  if (!set.ok) return tellFault(terminal, set.error);
  const media = { set: set.value, privateHosts: options.privateHost ?? [] };
  const report = await validateHere(file, opened.value, options, media);
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

function reportText(file: string, report: FileReport): string[] {
  const { rows, mapping, samples, warnings } = report;
  // Errors first: forty doubts about colours must not push the one wrong id off the screen.
  const problems = [...report.problems].sort((a, b) => a.severity.localeCompare(b.severity));
  const [sample] = samples;
  return [
    `${file}: ${plural(rows.total, "row")}, ${rows.valid} valid, ${rows.invalid} invalid, ${plural(warnings, "warning")}${report.format ? ` (${report.format}; ${report.dialect})` : ""}`,
    ...Object.entries(mapping).map(([field, column]) => `  ${field} ← ${column}`),
    ...problems.slice(0, SHOWN).flatMap(rowProblemText),
    ...(problems.length > SHOWN ? [`  … and ${problems.length - SHOWN} more; --json lists them all`] : []),
    ...(sample ? ["the first token as it will be:", `  ${JSON.stringify(sample)}`] : []),
  ];
}
