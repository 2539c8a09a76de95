/** What the pages on deploying show can be typed, and what the example workflow hands over is what is read. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readCommitted } from "../../../cli/deploy/committed.ts";
import { completeWanted } from "../../../cli/deploy/complete.ts";
import { NEEDED_GRANTS } from "../../../cli/deploy/grants.ts";
import { LARGE_TABLES } from "../../../cli/deploy/heavy.ts";
import { readChoices } from "../../../cli/deploy/options.ts";
import { SECRET_NAMES } from "../../../cli/deploy/secrets.ts";
import manifest from "../../../package.json" with { type: "json" };

const page = readFileSync("workers/DEPLOYING.md", "utf8");
const workflow = readFileSync("examples/github-actions/deploy.yml", "utf8");
const readme = readFileSync("README.md", "utf8");

test.each([
  ["README.md", readme],
  ["workers/DEPLOYING.md", page],
  ["the workflow", workflow],
])("every deploy that %s shows can be typed", (_, text) => {
  const shown = [...text.matchAll(/npm run (?:-s )?deploy -- ((?:--[a-z-]+(?: [a-z0-9]+)? ?)+)/g)].map(
    ([, args = ""]) => args.trim(),
  );
  expect(shown.length).toBeGreaterThan(0);
  for (const args of shown) expect(readChoices(args.split(/ +/)), args).toMatchObject({ ok: true });
  expect(manifest.scripts.deploy).toBe("exec node cli/deploy.ts");
});

test("the page names everything that is made, may be needed, and must not be touched in one go", async () => {
  const choices = readChoices([]);
  if (!choices.ok) throw new Error("unreadable arguments");
  const { queues, database, bucket, workers } = completeWanted(
    await readCommitted("."),
    choices.value,
    {},
    "/project",
  );
  for (const name of [
    ...queues,
    database,
    bucket,
    workers.consumer.name,
    workers.producer.name,
    ...SECRET_NAMES,
    ...LARGE_TABLES,
  ]) {
    expect(page).toContain(`\`${name}\``);
  }
  for (const grant of NEEDED_GRANTS) expect(page).toContain(grant.replace("Account · ", ""));
});

test("the workflow tests, shows the plan, and deploys on tags alone, with the secrets that are read", () => {
  expect(workflow).toMatch(/run: npm test$/m);
  expect(workflow).toMatch(/run: npm run -s deploy -- --dry-run \|/);
  const deploy = workflow.slice(workflow.indexOf("\n  deploy:"));
  expect(deploy).toMatch(/if: startsWith\(github\.ref, 'refs\/tags\/v'\)/);
  expect(deploy).toMatch(/needs: \[test, plan\]/);
  expect(deploy).toMatch(/run: npm run deploy$/m);
  const read: readonly string[] = [
    ...SECRET_NAMES,
    "CLOUDFLARE_API_TOKEN",
    "CLOUDFLARE_ACCOUNT_ID",
    "MINTLINE_TOKEN",
  ];
  const handed = [...workflow.matchAll(/^ +(\w+): \$\{\{ secrets\.(\w+) \}\}$/gm)];
  expect(handed.length).toBeGreaterThan(5);
  for (const [, variable = "", secret] of handed) {
    expect(read).toContain(variable);
    expect(secret).toBe(variable);
  }
});
