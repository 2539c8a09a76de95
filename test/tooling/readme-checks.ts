/** What the README promises, read out of its text. Each check answers with what is wrong; none throws. */
import { existsSync } from "node:fs";
import type { Command } from "commander";

/** `## Status polling` → `Status polling`, of every level. */
export const headingsOf = (readme: string): string[] =>
  [...readme.matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading]) => heading ?? "");

/** The text under one heading, up to the next of any level. */
export function sectionOf(readme: string, heading: string): string {
  const [, below = ""] = readme.split(new RegExp(`^#{1,6} +${heading} *$`, "m"));
  return below.split(/^#{1,6} /m)[0] ?? "";
}

const cellsOf = (row: string): string[] => row.split(/(?<!\\)\|/).map((cell) => cell.trim());
const rowsOf = (section: string): string[][] =>
  section
    .split("\n")
    .filter((line) => line.startsWith("|") && !line.startsWith("|-"))
    .slice(1)
    .map((row) => cellsOf(row).slice(1, -1));
const codeOf = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? "");

/** Files and folders of ours, wherever the README names one in code, and the first words of the rooms. */
function pathsOf(readme: string): string[] {
  const named = codeOf(readme.replaceAll(/^```[\s\S]*?^```/gm, "")).filter((code) =>
    /^(workers|shared|cli|emulator|examples|test)\/[\w./-]*$/.test(code),
  );
  const rooms = sectionOf(readme, "The rooms").match(/^\w+\/.*$/gm) ?? [];
  const guide = rowsOf(sectionOf(readme, "The guide, step by step")).flatMap(([, , file = ""]) =>
    codeOf(file),
  );
  return [
    ...named,
    ...guide,
    ...rooms.flatMap(
      (line) =>
        line
          .match(/^(?:[\w/]+\/ ?)+/)?.[0]
          .trim()
          .split(" ") ?? [],
    ),
  ];
}

export const missingPaths = (readme: string): string[] =>
  [...new Set(pathsOf(readme))].filter((path) => !existsSync(path));

/** Every command of ours that is shown: in code as `npx --no mintline …`, in the guide's table without it. */
export function commandsOf(readme: string): string[] {
  const typed = [...readme.matchAll(/npx --no(?: --)? mintline ([^`\n]+)/g)].map(([, rest]) => rest ?? "");
  const guide = rowsOf(sectionOf(readme, "The guide, step by step")).flatMap(([, command = ""]) =>
    codeOf(command),
  );
  return [...typed.map((rest) => rest.replace(/ +#.*$/, "").trim()), ...guide].filter(
    (shown) => shown !== "…",
  );
}

/** What is wrong with one command line, quotes and all; null where the program knows all of it. */
export function commandFault(program: Command, line: string): string | null {
  const words = line.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  if (words[0] === "help") return null;
  let command = program;
  for (const word of words) {
    if (command.commands.length === 0 || word.startsWith("-")) break;
    const below = command.commands.find((one) => one.name() === word);
    if (!below) return `no command "${word}" in: ${line}`;
    command = below;
  }
  if (command === program || command.commands.length > 0) return `no whole command: ${line}`;
  const known = [...program.options, ...command.options].flatMap(({ long, short }) => [long, short]);
  const unknown = words.find((word) => /^--?[a-z]/.test(word) && ![...known, "--help"].includes(word));
  return unknown === undefined ? null : `no option ${unknown} in: ${line}`;
}

export const unknownCommands = (readme: string, program: Command): string[] =>
  commandsOf(readme).flatMap((line) => commandFault(program, line) ?? []);

/** `npm run x`, `npm start` and `npm test` that package.json does not have. */
export const unknownScripts = (readme: string, scripts: Readonly<Record<string, string>>): string[] =>
  [...readme.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)]
    .map(([, run, short]) => run ?? short ?? "")
    .filter((name) => scripts[name] === undefined);

/** The names in the left column of the table of columns, whose rows stand under "in the file". */
export function columnNamesOf(readme: string): { name: string; becomes: string }[] {
  return rowsOf(sectionOf(readme, "Bulk CSV submission")).flatMap(([left = "", becomes = ""]) =>
    codeOf(left).map((name) => ({ name, becomes })),
  );
}

/** Variables that `.env.example` does not show, commented out or not. */
export const missingVariables = (example: string, names: readonly string[]): string[] =>
  names.filter((name) => !new RegExp(`^#? ?${name}=`, "m").test(example));
