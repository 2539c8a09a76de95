/** The README's commands, typed as they stand there into a shell beside a running `npm start`. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeKey } from "../../emulator/keys.ts";
import { emulatorAt } from "../support/emulator.ts";
import { generatedCsv, must, untilResting } from "../support/stack.ts";
import { start, temporaryState } from "../support/start.ts";
import { compiled } from "../tooling/compiled.ts";

/** The shell lines between two headings, joined where a backslash continues them. */
function commandsBetween(from: string, to: string): string[] {
  const readme = readFileSync("README.md", "utf8");
  const part = readme.slice(readme.indexOf(`\n${from}\n`), readme.indexOf(`\n${to}\n`));
  const blocks = [...part.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
  const lines = blocks.join("").replaceAll("\\\n", " ").split("\n");
  return lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("npm start"));
}

const hasCurl = spawnSync("curl", ["--version"]).status === 0;

it("every command from the first file to the replay does what it says", async () => {
  const state = await temporaryState();
  const started = await start(state.dir);
  try {
    const emulator = emulatorAt(started.emulatorUrl ?? "", await makeKey({ project: 1 }));
    const run = (command: string) => {
      const { PATH = "", HOME = "" } = process.env;
      const env = { PATH, HOME, ...compiled, MINTLINE_URL: started.url } as unknown as NodeJS.ProcessEnv;
      const ran = spawnSync("sh", ["-c", command], { env, encoding: "utf8" });
      return { command, code: ran.status, output: `${ran.stdout}${ran.stderr}` };
    };
    const typed = (line: string, batch: string) =>
      line
        .replaceAll("http://127.0.0.1:8787", started.url)
        .replaceAll(/([>@]|-o|--patch) ?(amulets|failed|fixes)\.csv/g, (_, before: string, name: string) =>
          `${before} ${join(state.dir, `${name}.csv`).replaceAll(" ", "\\ ")}`.replace("@ ", "@"),
        )
        .replaceAll("bat_…", batch);

    const own = commandsBetween("## Your own file", "### Status polling");
    expect(own.length).toBeGreaterThan(6);
    const namesBatch = (line: string) => line.includes("bat_…");
    for (const line of own.filter((one) => !namesBatch(one) && (hasCurl || !one.startsWith("curl")))) {
      const ran = run(typed(line, ""));
      expect(ran, ran.output).toMatchObject({ code: 0 });
      if (line.startsWith("curl")) expect(ran.output).not.toContain('"status":4');
    }

    await emulator.setFaults({
      where: { method: "Media", pathIncludes: "/generated/16.png" },
      what: { kind: "status", status: 404, body: "text" },
    });
    const submitted = must(
      await started.client.submit(generatedCsv(emulator, 20, 1), {
        query: { collectionId: "900", onExisting: "update" },
      }),
    );
    expect((await untilResting(started.client, submitted.id)).jobs.dead).toBe(1);
    const rest = [...own.filter(namesBatch), ...commandsBetween("### Status polling", "## Your real key")];
    expect(rest.length).toBeGreaterThan(6);
    for (const line of rest.filter((one) => hasCurl || !one.startsWith("curl"))) {
      const ran = run(typed(line, submitted.id));
      // The batch has a dead row on purpose, and `watch` says so with its exit code.
      expect(ran, ran.output).toMatchObject({ code: line.includes(" watch ") ? 1 : 0 });
    }
  } finally {
    await started.stop();
    await state.remove();
  }
});
