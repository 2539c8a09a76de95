/** `mintline results BATCH`: the rows as they were submitted, by what became of them, in a form to send again. */
import { type Command, Option } from "commander";
import type { CallFailure } from "../../shared/api/call.ts";
import type { Answer, Client } from "../../shared/api/client.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode, tellFault, usageFault } from "../failure.ts";
import { megabytes } from "../files.ts";
import { keepBytes } from "../keep-bytes.ts";

type Options = { failed?: boolean; succeeded?: boolean; unprocessed?: boolean; out?: string };
type Kind = "succeeded" | "failed" | "unprocessed";

export function registerResults(program: Command): void {
  program
    .command("results")
    .summary("get a batch's rows back, by what became of them")
    .description(
      "Writes the rows that succeeded, or with --failed those that failed (invalid ones and dead ones), exactly as they were submitted, plus what became of them: _line, _state, _token_id, _url, _step, _code, _error, _attempts. Correct the failed rows and submit that file: it touches only them, and meets the same tokens.",
    )
    .argument("<batch>", "id of the batch, bat_…")
    .addOption(
      new Option("--failed", "rows that are invalid or dead").conflicts(["succeeded", "unprocessed"]),
    )
    .addOption(new Option("--succeeded", "rows that are done (default)").conflicts("unprocessed"))
    .option("--unprocessed", "rows that were not run, or are not done yet")
    .option("-o, --out <file>", "write them there; - is standard output (default)", "-")
    .addHelpText(
      "after",
      `
Examples:
  npx --no mintline results bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C --failed -o failed.csv
  npx --no mintline results bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C > published.csv`,
    )
    .action((id: string, options: Options, command: Command) =>
      run(command, (context) => writeResults(context, id, options)),
    );
}

async function writeResults(context: Context, id: string, options: Options): Promise<ExitCode> {
  const { client, terminal, typed } = context;
  const kind: Kind = options.failed ? "failed" : options.unprocessed ? "unprocessed" : "succeeded";
  const { out = "-" } = options;
  if (terminal.json && out === "-") return tellFault(terminal, needsFile);
  const answer = await ask(client, id, kind);
  if (!answer.ok) return context.failed(answer.error);
  const kept = await keepBytes(answer.value, out);
  if (!kept.ok) return tellFault(terminal, kept.error);
  terminal.emit({ batchId: id, kind, ...kept.value });
  const said = `${kind} rows of ${id}: ${megabytes(kept.value.bytes)}, ${kept.value.contentType}`;
  // On standard output stand the rows, and a line of ours among them would be one.
  terminal.note(out === "-" ? said : `${said}, written to ${out}`);
  if (kind === "failed" && out !== "-") terminal.note(`once corrected: ${typed(`submit ${out}`)}`);
  return EXIT.good;
}

/** As CSV, or as what the file was submitted as: the server says which, and only it knows. */
async function ask(client: Client, id: string, kind: Kind): Answer<Response> {
  const asked = await client.results(id, `${kind}.csv`);
  const other = asked.ok ? null : otherFormat(asked.error);
  return other === null ? asked : client.results(id, other);
}

const otherFormat = (failure: CallFailure): string | null =>
  failure.reason === "refused" &&
  failure.problem.code === "results.other_format" &&
  typeof failure.problem.available === "string"
    ? failure.problem.available
    : null;

const needsFile = usageFault(
  "cli.out_required",
  "With --json the rows cannot stand on standard output as well.",
  "Add -o FILE.",
);
