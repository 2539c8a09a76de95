/**
 * `--media`: a folder of art goes into a media set, and only if the file's names fit it. The names are looked
 * at before the first byte is sent, because a folder may be gigabytes and a wrong name is found in a second.
 */
import type { MediaFile } from "../shared/api/contract.ts";
import { indexMedia } from "../shared/media/match.ts";
import { fail, ok, type Result } from "../shared/result.ts";
import { plural, rowProblemText } from "./batch-text.ts";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode, type Fault, tellFault } from "./failure.ts";
import { contentName, type HashedFile, hashFolder, listFolder } from "./media-folder.ts";
import { missingFrom, readSet, uploadAll } from "./media-upload.ts";
import { isCertain, validateHere } from "./offline.ts";
import { tellTrouble } from "./parts.ts";
import type { SubmitOptions } from "./submission.ts";
import type { Terminal } from "./terminal.ts";

/** Of a long list: a hundred wrong names have one cause, and a screen has fifty lines. */
const SHOWN = 20;
const NAMED = 10;

/** The media set to submit with, null for none. What went wrong has been told: the error is the exit code. */
export async function sendArt(
  context: Context,
  file: string,
  source: Blob,
  options: SubmitOptions,
): Promise<Result<string | null, ExitCode>> {
  const { client, terminal } = context;
  if (options.media === undefined) return ok(options.mediaSet ?? null);
  const files = await readFolder(context, options.media, file);
  if (!files.ok) return files;
  const set = options.mediaSet ?? contentName(files.value);
  const held = await readSet(client, set);
  if (!held.ok) return fail(context.failed(held.error));
  const named = await checkNames(context, { file, source, options, files: files.value, held: held.value });
  if (!named.ok) return named;
  const wanted = named.value;
  const uploaded = await uploadAll(client, terminal, set, missingFrom(held.value, wanted));
  if (!uploaded.ok) return fail(tellTrouble(context, uploaded.error));
  const there = wanted.length - uploaded.value;
  terminal.note(`${plural(uploaded.value, "file")} uploaded, ${there} there already (media set ${set}).`);
  return ok(set);
}

async function readFolder(
  { terminal }: Context,
  folder: string,
  except: string,
): Promise<Result<HashedFile[], ExitCode>> {
  const listed = await listFolder(folder, except);
  if (!listed.ok) return fail(tellFault(terminal, listed.error));
  const progress = terminal.progress();
  const total = listed.value.length;
  const hashed = await hashFolder(listed.value, (done) =>
    progress.update(done, total, `${done} of ${plural(total, "file")} read`),
  );
  progress.stop();
  return hashed.ok ? hashed : fail(tellFault(terminal, hashed.error));
}

type Names = {
  readonly file: string;
  readonly source: Blob;
  readonly options: SubmitOptions;
  readonly files: readonly HashedFile[];
  readonly held: readonly MediaFile[];
};

/**
 * What cannot be used ends the submission here, unless bad rows are to be left out; unused files are noted.
 * @returns the files to send.
 */
async function checkNames(
  { terminal }: Context,
  { file, source, options, files, held }: Names,
): Promise<Result<readonly HashedFile[], ExitCode>> {
  const local = new Set(files.map(({ fileName }) => fileName));
  // A set that was given by name may hold more than the folder, and the server matches against all of it.
  const beside = held.filter(({ fileName }) => !local.has(fileName));
  const set = indexMedia([...files.map(({ fileName }) => ({ fileName })), ...beside]);
  const report = await validateHere(file, source, options, { set, privateHosts: [] });
  const used = files.filter(({ fileName }) => report.usedFiles.has(fileName));
  // A bad row's files are not known, and a name that two files fit must not fit one because the other is missing.
  const wanted = options.allMedia || report.rows.invalid > 0 ? files : used;
  const unused = files.filter((one) => !used.includes(one));
  tellUnused(terminal, unused, wanted === files);
  const errors = report.problems.filter(isCertain);
  if (errors.length === 0) return ok(wanted);
  if (options.onInvalid === "skip" && report.rows.valid > 0) {
    terminal.note(...errors.slice(0, SHOWN).flatMap(rowProblemText), "Their rows are left out.");
    return ok(wanted);
  }
  for (const error of errors) terminal.emit(error);
  terminal.say(...errors.slice(0, SHOWN).flatMap(rowProblemText));
  if (errors.length > SHOWN) terminal.say(`  … and ${errors.length - SHOWN} more`);
  return fail(tellFault(terminal, rowsInvalid(file, errors.length)));
}

const rowsInvalid = (file: string, errors: number): Fault => ({
  code: "submit.rows_invalid",
  message: `${plural(errors, "error")} in ${file}; nothing was uploaded and nothing submitted.`,
  next: "Correct the file or the folder and submit again, or leave bad rows out with --on-invalid skip.",
  exit: EXIT.rows,
});

function tellUnused(terminal: Terminal, unused: readonly HashedFile[], areSent: boolean): void {
  if (unused.length === 0) return;
  const names = unused.slice(0, NAMED).map(({ fileName }) => fileName);
  const more = unused.length > NAMED ? ` and ${unused.length - NAMED} more` : "";
  terminal.note(
    `${plural(unused.length, "file")} of the folder used by no valid row: ${names.join(", ")}${more}.${areSent ? "" : " Not sent; --all-media sends all."}`,
  );
}
