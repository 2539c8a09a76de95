/** `mintline dead-letters [BATCH]`: what failed and why; `--group`: by cause; `--job ID`: one of them in full. */
import type { Command } from "commander";
import { allPages, type DeadLetterFilter } from "../../shared/api/client.ts";
import type { DeadLetter, DeadLetterDetail, DeadLetterGroup } from "../../shared/api/contract.ts";
import { LIMITS } from "../../shared/limits.ts";
import { plural } from "../batch-text.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { isoTime, oneOf, text, wholeNumber } from "../options.ts";

type Options = Omit<DeadLetterFilter, "batchId" | "cursor" | "limit" | "fingerprint"> & {
  job?: string;
  /** true: the groups themselves; a text: the letters of that one. */
  group?: true | string;
  limit: number;
  all?: boolean;
};

export function registerDeadLetters(program: Command): void {
  program
    .command("dead-letters")
    .summary("what failed for good, and why")
    .description(
      "Lists dead letters, newest first; with --group their causes, the most frequent first; with --job one in full: its row, every attempt, the last response and the edits.",
    )
    .argument("[batch]", "only this batch")
    .option("--job <id>", "show this one in full, bat_…:17", text)
    .option("--group [fingerprint]", "by cause; with a fingerprint, the letters of that cause", text)
    .option(
      "--state <state>",
      "open (default), replayed or discarded",
      oneOf(["open", "replayed", "discarded"]),
    )
    .option("--step <step>", "only this step, such as upload-asset", text)
    .option("--code <code>", "only this reason, such as media.not_found", text)
    .option("--http-status <n>", "only this HTTP status", wholeNumber(100))
    .option("--host <host>", "only this host", text)
    .option("--line <n>", "only this line of the file", wholeNumber(1))
    .option("--since <time>", "not before, such as 2026-11-23T10:00:00Z", isoTime)
    .option("--until <time>", "before", isoTime)
    .option("--q <text>", "only with this text in message, name, code or token id", text)
    .option("--limit <n>", "how many to list", wholeNumber(1), LIMITS.listDefault)
    .option("--all", "list them all")
    .addHelpText(
      "after",
      `
Examples:
  npx --no mintline dead-letters bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C
  npx --no mintline dead-letters bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C --group
  npx --no mintline dead-letters --code media.not_found --since 2026-11-23
  npx --no mintline dead-letters --job bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C:17`,
    )
    .action((batch: string | undefined, options: Options, command: Command) =>
      run(command, (context) =>
        options.job !== undefined
          ? show(context, options.job)
          : options.group === true
            ? listGroups(context, batch, options)
            : list(context, batch, options),
      ),
    );
}

function filterOf(batchId: string | undefined, options: Options): DeadLetterFilter {
  const { job: _job, limit: _limit, all: _all, group, ...given } = options;
  return {
    ...given,
    ...(batchId === undefined ? {} : { batchId }),
    ...(typeof group === "string" ? { fingerprint: group } : {}),
  };
}

async function listGroups(
  context: Context,
  batchId: string | undefined,
  options: Options,
): Promise<ExitCode> {
  const { client, terminal, typed, failed } = context;
  const filter = filterOf(batchId, options);
  const page = await client.deadLetterGroups({ ...filter, limit: Math.min(options.limit, LIMITS.listMax) });
  if (!page.ok) return failed(page.error);
  const { items, nextCursor } = page.value;
  for (const group of items) terminal.emit(group);
  if (items.length === 0) {
    const asked = batchId === undefined ? null : await client.batch(batchId);
    if (asked?.ok === false) return failed(asked.error);
    terminal.say("No dead letters.");
    return EXIT.good;
  }
  for (const group of items) terminal.say(...groupText(group));
  if (nextCursor !== null) terminal.say("… and more: --limit shows more of them.");
  const { fingerprint = "FINGERPRINT" } = items[0] ?? {};
  terminal.say(
    `its letters: ${typed(`dead-letters ${batchId === undefined ? "" : `${batchId} `}--group ${fingerprint}`)}`,
    `replay one:  ${typed(`replay ${batchId === undefined ? "" : `--batch ${batchId} `}--group ${fingerprint} --watch`)}`,
  );
  return EXIT.good;
}

const groupText = (group: DeadLetterGroup): string[] => [
  `${group.fingerprint}  ${plural(group.count, "letter")}: ${group.code} at ${group.step}${group.host === null ? "" : `, ${group.host}`}`,
  `  ${group.message}`,
  `  next: ${group.next}`,
  `  ${group.firstAt} to ${group.lastAt}, such as ${group.sampleJobIds.join(", ")}`,
];

async function list(context: Context, batchId: string | undefined, options: Options): Promise<ExitCode> {
  const { terminal, typed, failed } = context;
  const { limit, all } = options;
  const filter = filterOf(batchId, options);
  const found = await read(context, filter, all ? null : limit);
  if (!found.ok) return failed(found.error);
  const { items, more } = found.value;
  for (const letter of items) terminal.emit(letter);
  if (items.length === 0) {
    // Of a batch that is not there, "none" would sound like good news.
    const asked = batchId === undefined ? null : await context.client.batch(batchId);
    if (asked?.ok === false) return failed(asked.error);
    terminal.say("No dead letters.");
    return EXIT.good;
  }
  terminal.table([["job", "step", "code", "status", "tried", "state", "message"], ...items.map(letterRow)]);
  if (more) terminal.say("… and more: --all lists them, --limit more of them.");
  const example = items[0]?.jobId ?? "ID";
  const selection = batchId === undefined ? `--job ${example}` : `--batch ${batchId}`;
  terminal.say(
    `in full: ${typed(`dead-letters --job ${example}`)}`,
    `replay:  ${typed(`replay ${selection} --watch`)}`,
  );
  return EXIT.good;
}

async function read({ client }: Context, filter: DeadLetterFilter, limit: number | null) {
  const size = Math.min(limit ?? LIMITS.listMax, LIMITS.listMax);
  if (limit === null || limit > LIMITS.listMax) {
    const every = await allPages((cursor) => client.deadLetters({ ...filter, cursor, limit: size }));
    if (!every.ok) return every;
    const items = every.value.slice(0, limit ?? every.value.length);
    return { ok: true as const, value: { items, more: items.length < every.value.length } };
  }
  const page = await client.deadLetters({ ...filter, limit: size });
  if (!page.ok) return page;
  return { ok: true as const, value: { items: page.value.items, more: page.value.nextCursor !== null } };
}

const letterRow = (letter: DeadLetter): string[] => [
  letter.jobId,
  letter.step,
  letter.code,
  letter.httpStatus === null ? "-" : String(letter.httpStatus),
  String(letter.attempts),
  letter.state,
  letter.message,
];

async function show({ client, terminal, typed, failed }: Context, jobId: string): Promise<ExitCode> {
  const found = await client.deadLetter(jobId);
  if (!found.ok) return failed(found.error);
  terminal.emit(found.value);
  terminal.say(...detailText(found.value));
  if (found.value.state === "open") {
    terminal.say(
      `correct: ${typed(`edit ${jobId} COLUMN=VALUE --replay`)}`,
      `replay:  ${typed(`replay --job ${jobId} --watch`)}`,
    );
  }
  return EXIT.good;
}

function detailText(letter: DeadLetterDetail): string[] {
  const { response } = letter;
  return [
    `${letter.jobId}  line ${letter.line}, token ${letter.tokenId}, ${letter.name} (${letter.state})`,
    `${letter.code} at ${letter.step}: ${letter.message}`,
    `next: ${letter.next}`,
    ...(response === null
      ? []
      : [
          `last response: ${response.status ?? "none"} from ${response.url ?? response.host ?? "an unknown address"}`,
          ...(response.body === null
            ? []
            : response.body
                .trimEnd()
                .split(/\r?\n/)
                .map((line) => `  | ${line}`)),
        ]),
    `${plural(letter.attemptRecords.length, "attempt")}:`,
    ...letter.attemptRecords.map((record) => {
      const steps = record.steps.map(({ step, outcome, ms }) => `${step} ${outcome} ${ms} ms`).join(", ");
      const reason = record.error ? `: ${record.error.code}: ${record.error.message}` : "";
      return `  ${record.attempt}. ${record.startedAt} ${record.outcome}${reason}${steps ? ` [${steps}]` : ""}`;
    }),
    ...letter.edits.map(({ at, by, cells }) => {
      const changes = Object.entries(cells).map(([column, { from, to }]) => `${column}: "${from}" → "${to}"`);
      return `edited ${at} by ${by}: ${changes.join(", ")}`;
    }),
    ...(letter.submitted === null
      ? []
      : ["as submitted:", ...letter.submitted.text.split(/\r\n|\n|\r/).map((line) => `  | ${line}`)]),
    "row:",
    ...JSON.stringify(letter.row, null, 2)
      .split("\n")
      .map((line) => `  ${line}`),
  ];
}
