/** The README is read by people who cannot know where it is wrong: what can be looked up is looked up here. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../cli/program.ts";
import manifest from "../../package.json" with { type: "json" };
import { FIELDS, matchName, SYNONYMS } from "../../shared/intake/fields.ts";
import { foldHeader } from "../../shared/job/token-id.ts";
import {
  columnNamesOf,
  commandFault,
  commandsOf,
  headingsOf,
  missingPaths,
  missingVariables,
  unknownCommands,
  unknownScripts,
} from "./readme-checks.ts";

const readme = readFileSync("README.md", "utf8");
const program = createProgram();

/** In this order; others may stand between them. */
const HEADINGS = [
  "The demo",
  "Your own file",
  "Bulk CSV submission",
  "Status polling",
  "Dead-letter inspection",
  "Your real key",
  "Deploying",
  "The life of one job",
  "API",
  "Glossary",
  "The rooms",
];

/** The environment of `npm start`, by the names of Sequence's guide where it has one. */
const VARIABLES = [
  "PORT",
  "STATE_DIR",
  "METADATA_URL",
  "PROJECT_ID",
  "COLLECTION_ID",
  "JWT_ACCESS_KEY",
  "PROJECT_ACCESS_KEY",
  "API_TOKENS",
  "MAX_CALLS_PER_SECOND",
  "MEDIA_PRIVATE_HOSTS",
  "IPFS_GATEWAYS",
  "AR_GATEWAYS",
  "JOB_CONCURRENCY",
  "QUEUE_BATCH_SIZE",
  "MAX_ATTEMPTS",
  "CALL_TIMEOUT_MS",
];

describe("the README", () => {
  it("can be read in one sitting", () => {
    expect(readme.split("\n").length).toBeLessThan(300);
  });

  it("has its headings, in order", () => {
    expect(headingsOf(readme).filter((heading) => HEADINGS.includes(heading))).toEqual(HEADINGS);
  });

  it("says on its first screen what has not been proven", () => {
    const screen = readme.split("\n").slice(0, 20).join(" ");
    expect(screen).toContain("mints nothing on chain");
    expect(screen).toContain("never against the live service");
    expect(screen).toContain("local runtime");
  });

  it("names only files and rooms that are there", () => {
    expect(missingPaths(readme)).toEqual([]);
  });

  it("shows only commands that the CLI has, with options that they take", () => {
    expect(commandsOf(readme).length).toBeGreaterThan(15);
    expect(unknownCommands(readme, program)).toEqual([]);
  });

  it("runs only scripts that package.json has", () => {
    expect(unknownScripts(readme, manifest.scripts)).toEqual([]);
  });

  it("lists every name by which a column is known, and none besides", () => {
    const shown = columnNamesOf(readme);
    const folded = new Set(shown.map(({ name }) => foldHeader(name)));
    const known = [...FIELDS, ...Object.values(SYNONYMS).flat()];
    expect(known.filter((name) => !folded.has(foldHeader(name)))).toEqual([]);
    const plain = shown.filter(({ name, becomes }) => /^[\w#]+$/.test(name) && fieldIsSaid(becomes));
    expect(plain.filter(({ name }) => matchName(name) === null)).toEqual([]);
  });
});

/** Rows of patterns (traits, ignored columns) are no names of fields. */
const fieldIsSaid = (becomes: string): boolean => !/trait|ignored/.test(becomes);

describe(".env.example", () => {
  it("has every variable of the environment", () => {
    const example = readFileSync(".env.example", "utf8");
    expect(missingVariables(example, VARIABLES)).toEqual([]);
    expect(missingVariables(example.replace("PROJECT_ACCESS_KEY=", ""), VARIABLES)).toEqual([
      "PROJECT_ACCESS_KEY",
    ]);
  });
});

describe("a README that is wrong", () => {
  it.each([
    ["sumbit relics.csv", 'no command "sumbit"'],
    ["collection creat --name x", 'no command "creat"'],
    ["collection", "no whole command"],
    ["submit relics.csv --wach", "no option --wach"],
    ["render 900 16 -x", "no option -x"],
  ])("is told of its command: %s", (line, fault) => {
    expect(commandFault(program, line)).toContain(fault);
    expect(unknownCommands(`${readme}\n    npx --no mintline ${line}   # so\n`, program)).toHaveLength(1);
  });

  it.each([
    'submit relics.csv --template "name=Relic --#{id}" --json',
    "dead-letters --job bat_…:17",
    "help",
  ])("is not told of what is right: %s", (line) => {
    expect(commandFault(program, line)).toBeNull();
  });

  it("is told of files, rooms, scripts and guide commands that are not there", () => {
    const wrong = readme
      .replace("`shared/sequence/upload.ts`", "`shared/sequence/uplaod.ts`")
      .replace(/^emulator\/ /m, "simulator/ ")
      .replace("`npm run demo -- --keep`", "`npm run dmeo -- --keep`")
      .replace("| `collection publish` |", "| `collection pubish` |");
    expect(missingPaths(wrong)).toEqual(["shared/sequence/uplaod.ts", "simulator/"]);
    expect(unknownScripts(wrong, manifest.scripts)).toEqual(["dmeo"]);
    expect(unknownCommands(wrong, program)).toHaveLength(1);
  });

  it("is told of a column's name that is missing", () => {
    const names = columnNamesOf(readme.replace("`displayUri`, ", "")).map(({ name }) => name);
    expect(names).toContain("artifactUri");
    expect(names).not.toContain("displayUri");
  });
});
