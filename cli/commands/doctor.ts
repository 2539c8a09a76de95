/** `mintline doctor`: is everything in place for a submission? Reads only. */
import type { Command } from "commander";
import type { DoctorReport, Finding } from "../../shared/api/contract.ts";
import { plural } from "../batch-text.ts";
import { run } from "../context.ts";
import { EXIT } from "../failure.ts";

const MARKS = { ok: "ok     ", warning: "warning", error: "ERROR  " } as const;

export function registerDoctor(program: Command): void {
  program
    .command("doctor")
    .summary("check key, project, collection, clock and storage")
    .description(
      "Asks the deployment to check its own configuration and what it talks to: the key decodes, agrees with the project and is accepted; the collection exists; the clock, D1, R2 and the queues answer. Nothing is changed. Needs an admin token.",
    )
    .addHelpText("after", "\nExample:\n  npx --no mintline doctor")
    .action((_options: unknown, command: Command) =>
      run(command, async ({ client, terminal, failed }) => {
        const report = await client.doctor();
        if (!report.ok) return failed(report.error);
        terminal.emit(report.value);
        terminal.say(...reportLines(report.value));
        return report.value.ok ? EXIT.good : EXIT.rows;
      }),
    );
}

/** The report as people read it; the last line is the verdict. */
export const reportLines = (report: DoctorReport): string[] => [
  ...report.findings.flatMap(findingText),
  verdict(report),
];

function verdict({ ok, findings }: DoctorReport): string {
  if (!ok) return "Not ready: mend what is marked ERROR, from the top.";
  const warnings = findings.filter(({ severity }) => severity === "warning").length;
  return warnings === 0 ? "All good." : `Ready, with ${plural(warnings, "warning")}.`;
}

const findingText = (finding: Finding): string[] => [
  `${MARKS[finding.severity]}  ${finding.check}: ${finding.message}`,
  ...(finding.next === null ? [] : [`         next: ${finding.next}`]),
];
