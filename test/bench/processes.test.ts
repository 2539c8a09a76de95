/** CPU and memory of a process tree, read from what the kernel says. */
import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { type ProcessRow, readStat, treeOf, usageOf } from "./processes.ts";

describe("a line of /proc", () => {
  it("is read also where the command holds blanks and brackets", () => {
    const line = `42 (a (b) c) S 7 42 42 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 11 0 5000 1000000 ${2_000} 1844`;
    expect(readStat(line)).toEqual({
      pid: 42,
      parent: 7,
      command: "a (b) c",
      cpuMs: 2_000,
      residentBytes: 2_000 * 4_096,
    });
    expect(readStat("")).toBeNull();
  });
});

describe("a tree", () => {
  const row = (pid: number, parent: number): ProcessRow => ({
    pid,
    parent,
    command: "x",
    cpuMs: 1,
    residentBytes: 1,
  });

  it("has everything below its roots, in whatever order it is listed, and nothing else", () => {
    const rows = [row(5, 4), row(4, 2), row(2, 1), row(3, 1), row(9, 3)];
    expect(treeOf(rows, [2]).map(({ pid }) => pid)).toEqual([5, 4, 2]);
  });

  it("counts a child's memory with its parent's", async () => {
    const alone = usageOf([process.pid]);
    const child = spawn(process.execPath, ["-e", "console.log(1); setInterval(() => {}, 1000)"]);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    expect(usageOf([process.pid]).residentBytes).toBeGreaterThan(alone.residentBytes + 10_000_000);
    expect(usageOf([child.pid ?? -1]).residentBytes).toBeGreaterThan(10_000_000);
    child.kill();
  });
});
