import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { tellEnd } from "../../cli/batch-report.ts";
import { EXIT } from "../../cli/failure.ts";
import { createTerminal } from "../../cli/terminal.ts";
import { createClient } from "../../shared/api/client.ts";
import type { Batch } from "../../shared/api/contract.ts";
import { BATCH_ID, batchOf, playApi, problem } from "./play-api.ts";
import { jsonLines, runCli } from "./run-cli.ts";
import { useFolder } from "./use-folder.ts";

const { path } = useFolder();
const results = (name: string) => `GET /v1/batches/${BATCH_ID}/results/${name}`;
const CSV = { headers: { "content-type": "text/csv; charset=utf-8" } };
const ROWS = Buffer.from("id,name,_line\r\n1,Sw\u00f6rd,2\r\n");

describe("results", () => {
  it("are the rows that succeeded, on standard output and byte for byte", async () => {
    await using api = await playApi({ [results("succeeded.csv")]: { ...CSV, body: ROWS } });
    const ran = await runCli(["results", BATCH_ID], { url: api.url });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toBe(String(ROWS));
    expect(ran.stderr).toContain("text/csv");
  });

  it.each(["failed", "unprocessed"])("are the %s rows where they are asked for, in a file", async (kind) => {
    await using api = await playApi({ [results(`${kind}.csv`)]: { ...CSV, body: ROWS } });
    await writeFile(path("rows.csv"), "an earlier, longer file that is replaced as a whole");
    const ran = await runCli(["results", BATCH_ID, `--${kind}`, "-o", path("rows.csv")], { url: api.url });
    expect(ran.code).toBe(0);
    expect(await readFile(path("rows.csv"))).toEqual(ROWS);
    expect(ran.stderr.includes(`submit ${path("rows.csv")}`)).toBe(kind === "failed");
  });

  it("are said in one object with --json, which needs a file", async () => {
    await using api = await playApi({ [results("failed.csv")]: { ...CSV, body: ROWS } });
    const none = await runCli(["results", BATCH_ID, "--failed", "--json"], { url: api.url });
    expect([none.code, jsonLines(none)]).toMatchObject([2, [{ error: { code: "cli.out_required" } }]]);
    const ran = await runCli(["results", BATCH_ID, "--failed", "--json", "-o", path("f.csv")], {
      url: api.url,
    });
    expect(jsonLines(ran)).toMatchObject([
      { batchId: BATCH_ID, kind: "failed", file: path("f.csv"), bytes: ROWS.length },
    ]);
  });

  it("of a JSON file are asked for as JSON", async () => {
    await using api = await playApi({
      [results("failed.csv")]: problem(409, "results.other_format", { available: "failed.jsonl" }),
      [results("failed.jsonl")]: { body: Buffer.from('{"id":1}\n') },
    });
    const ran = await runCli(["results", BATCH_ID, "--failed"], { url: api.url });
    expect([ran.code, ran.stdout]).toEqual([0, '{"id":1}\n']);
  });

  it("that break off leave no file behind that looks whole", async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/csv" });
      response.write("id,name\n1,Sw");
      setImmediate(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
    await writeFile(path("rows.csv"), "from yesterday");
    const ran = await runCli(["results", BATCH_ID, "-o", path("rows.csv")], { url });
    expect(ran.code).not.toBe(0);
    expect(String(await readFile(path("rows.csv")))).toBe("from yesterday");
    expect(await readdir(path("."))).toEqual(["rows.csv"]);
    server.close();
  });

  it("that are none are said to be so", async () => {
    await using api = await playApi({ GET: problem(404, "batch.not_found") });
    const ran = await runCli(["results", BATCH_ID], { url: api.url });
    expect([ran.code, ran.stdout]).toEqual([2, ""]);
    expect((await runCli(["results", BATCH_ID, "--failed", "--succeeded"])).code).toBe(2);
  });
});

describe("the end of a batch says how to get", () => {
  /** In this process: what is told depends on nothing but the batch. */
  const told = async (batch: Batch): Promise<string> => {
    const out = new PassThrough();
    const nothing = async () => Response.json({ items: [], nextCursor: null });
    await tellEnd(
      {
        terminal: createTerminal(false, out, out, Date.now),
        client: createClient({ url: "http://127.0.0.1:1", token: "local", fetch: nothing }),
        now: Date.now,
        sleep: async () => undefined,
        typed: (subcommand) => `npx --no mintline ${subcommand}`,
        failed: () => EXIT.unreachable,
      },
      batch,
    );
    return String(out.read());
  };

  it.each([
    ["dead rows", batchOf({ jobs: { completed: 9, dead: 1 } }), "--failed -o relics-failed.csv"],
    [
      "rows left out",
      batchOf({
        name: "my relics (2).csv",
        rows: { total: 10, valid: 9, invalid: 1 },
        jobs: { completed: 9 },
      }),
      "--failed -o my-relics-2-failed.csv",
    ],
    [
      "rows of JSON Lines",
      batchOf({ name: "relics.jsonl", jobs: { completed: 9, dead: 1 } }),
      "--failed -o relics-failed.jsonl",
    ],
    [
      "rows that stopped the batch",
      batchOf({ state: "invalid", jobs: {}, rows: { total: 10, valid: 9, invalid: 1 } }),
      "--failed -o relics-failed.csv",
    ],
    [
      "rows that were not run",
      batchOf({ state: "cancelled", jobs: { completed: 4, cancelled: 6 } }),
      "--unprocessed -o relics-unprocessed.csv",
    ],
  ])("%s", async (_, batch, typed) => {
    expect(await told(batch)).toContain(`npx --no mintline results ${BATCH_ID} ${typed}`);
  });

  it("nothing where there is nothing to get", async () => {
    expect(await told(batchOf())).not.toContain("results");
  });
});
