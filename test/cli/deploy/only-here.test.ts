/** The tests of a deploy trust this guard: it must see what it is there to see. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

test("a request to anywhere else is refused and written down, one to 127.0.0.1 is not", () => {
  const folder = mkdtempSync(join(tmpdir(), "mintline-guard-"));
  const report = join(folder, "report");
  const asks = `
    const ask = (url) => fetch(url).then(() => "answered", (error) => String(error.cause?.message ?? error));
    console.log(await ask("https://example.com/"));
    console.log(await ask("http://192.0.2.1/"));
    console.log(await ask("http://127.0.0.1:9/"));`;
  const ran = spawnSync(process.execPath, ["--input-type=module", "--eval", asks], {
    env: { ONLY_HERE_REPORT: report, NODE_OPTIONS: `--import ${join(import.meta.dirname, "only-here.ts")}` },
    encoding: "utf8",
  });
  expect(readFileSync(report, "utf8")).toMatch(/^(connect|look up) example\.com\nconnect 192\.0\.2\.1\n$/);
  expect(ran.stdout.match(/Only 127\.0\.0\.1 may be reached/g)).toHaveLength(2);
  rmSync(folder, { recursive: true, force: true });
});
