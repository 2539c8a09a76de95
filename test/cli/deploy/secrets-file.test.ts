/** The file that hands secrets to Wrangler lives as long as one upload, however that ends. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withSecretsFile } from "../../../cli/deploy/generated.ts";

test("it is its owner's alone, and gone when the upload has ended, well or badly", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mintline-secrets-"));
  const paths: string[] = [];
  const use = async (path: string): Promise<void> => {
    paths.push(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    if (paths.length === 2) throw new Error("refused");
  };
  await withSecretsFile(folder, "consumer", { JWT_ACCESS_KEY: "k" }, use);
  await expect(withSecretsFile(folder, "producer", { JWT_ACCESS_KEY: "k" }, use)).rejects.toThrow("refused");
  expect(paths.filter((path) => existsSync(path))).toEqual([]);
  expect(paths).toHaveLength(2);
  rmSync(folder, { recursive: true, force: true });
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "it is gone after %s, which still ends the process",
  async (signal) => {
    const folder = mkdtempSync(join(tmpdir(), "mintline-secrets-"));
    const script = `
    const { withSecretsFile } = await import(process.argv[1]);
    await withSecretsFile(process.argv[2], "consumer", { JWT_ACCESS_KEY: "k" }, async (path) => {
      console.log(path);
      await new Promise((done) => setTimeout(done, 60_000));
    });`;
    const module = join(process.cwd(), "cli/deploy/generated.ts");
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script, module, folder]);
    const ended = new Promise<NodeJS.Signals | null>((done) => child.once("close", (_, by) => done(by)));
    const path = await new Promise<string>((done) =>
      child.stdout.once("data", (line: Buffer) => done(line.toString().trim())),
    );
    expect(existsSync(path)).toBe(true);
    child.kill(signal);
    expect(await ended).toBe(signal);
    expect(existsSync(path)).toBe(false);
    rmSync(folder, { recursive: true, force: true });
  },
);
