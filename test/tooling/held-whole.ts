/** Whether media is anywhere held whole: the calls of the platform that read a body into memory, by name. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** `FormData` and `Blob` hold what is put into them; a body goes through neither. */
const HOLDS = /(?<=\.|\[["'`])(?:arrayBuffer|blob|formData)\b|\bnew (?:FormData|Blob|File)\b/;

/** Without comments, which may well say why such a call is missing. Strings stay: a method can be called by name. */
const withoutComments = (source: string): string =>
  source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ""))
    .replace(/(^|\s)\/\/.*$/gm, "$1");

/** `file:line what` for each. */
export function heldWhole(file: string, source: string): string[] {
  return withoutComments(source)
    .split("\n")
    .flatMap((line, index) => {
      const found = HOLDS.exec(line)?.[0];
      return found === undefined ? [] : [`${file}:${index + 1} ${found}`];
    });
}

/** Everything that runs in a Worker, so that no new way for media can be forgotten here. */
export function workerSources(): { file: string; source: string }[] {
  return ["workers", "shared"].flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
      .map((name) => ({ file: join(room, name), source: readFileSync(join(room, name), "utf8") })),
  );
}
