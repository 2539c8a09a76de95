import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { zipOf } from "../support/zip.ts";
import { jsonLines, runCli } from "./run-cli.ts";
import { useFolder } from "./use-folder.ts";

const { path, put, putSheet, putArt } = useFolder();

describe("validate", () => {
  /** Nothing listens there: the command must not notice. */
  const offline = { url: "http://127.0.0.1:1" };

  it("passes a good file, believing the names of its art, and shows the first token", async () => {
    const csv = await putSheet();
    const ran = await runCli(["validate", csv], offline);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("2 rows, 2 valid, 0 invalid");
    expect(ran.stdout).toContain('"name":"Sword"');
    expect(ran.stderr).toContain("2 names of media files believed: --media DIR looks them up.");
  });

  it("looks the names up in a folder", async () => {
    const csv = await putSheet();
    const art = await putArt("sword.png");
    const ran = await runCli(["validate", csv, "--media", art, "--json"], offline);
    expect(ran.code).toBe(1);
    expect(jsonLines(ran)).toMatchObject([
      { line: 3, column: "image", code: "row.media_missing", severity: "error" },
      { rows: { total: 2, valid: 1, invalid: 1 }, mapping: { image: "image" }, usedFiles: 1 },
    ]);
  });

  it("finds ids that are there twice although the art is not", async () => {
    const csv = await putSheet("token_id,name,image\n1,Sword,sword.png\n1,Shield,shield.png\n");
    const ran = await runCli(["validate", csv], offline);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain("line 3, token_id: error row.duplicate_token_id");
  });

  it("reads by the options of submit", async () => {
    const punks = await put("punks.csv", "id, type\n7, Human\n");
    const bare = await runCli(["validate", punks], offline);
    expect(bare.code).toBe(1);
    expect(bare.stdout).toContain("file.missing_name");
    const templates = ["--template", "name=Punk #{id}", "--template", "image=https://art.example/{id}.png"];
    const ran = await runCli(["validate", punks, ...templates, "--json"], offline);
    expect(ran.code).toBe(0);
    expect(jsonLines(ran).at(-1)).toMatchObject({ samples: [{ tokenId: "7", token: { name: "Punk #7" } }] });
  });

  it("refuses private hosts but for those the deployment is said to allow", async () => {
    const csv = await putSheet("token_id,name,image\n1,Sword,http://127.0.0.1:8790/1.png\n");
    expect((await runCli(["validate", csv], offline)).code).toBe(1);
    expect((await runCli(["validate", csv, "--private-host", "127.0.0.1:8790"], offline)).code).toBe(0);
  });
});

describe("validate shows what a file is", () => {
  const offline = { url: "http://127.0.0.1:1" };

  it("the format, the columns, the traits with their rarity, the first tokens, and every defect", async () => {
    const rows = Array.from(
      { length: 40 },
      (_, n) => `${n},N${n},${n}.png,${n === 7 ? "Gold" : "Blue"},${n}`,
    );
    const csv = await put(
      "drop.csv",
      `tokenID,name,file_name,attributes[Hat],attributes[Level]\n${rows.join("\n")}\n-1,Bad,x.png,blue,0\n`,
    );
    const ran = await runCli(["validate", csv], offline);
    expect(ran.code).toBe(1);
    const lines = ran.stdout.split("\n");
    expect(lines[0]).toMatch(
      /41 rows, 40 valid, 1 invalid, 0 warnings \(opensea; CSV in utf-8, separated by ","\)$/,
    );
    expect(lines).toContain("  attributes[Hat] ← attributes[Hat]");
    expect(lines).toContain("  Hat: all, 2 values: Blue 98 %, Gold 2.5 %");
    expect(lines).toContain("  Level: all, 40 values, from 0 to 39");
    expect(ran.stdout).toContain("line 42, tokenID: error row.invalid_token_id");
    expect(lines.filter((line) => line.startsWith('  {"tokenId"'))).toHaveLength(3);
  });

  it("with --json all of it as one object", async () => {
    const jsonl = await put(
      "drop.jsonl",
      '{"id":1,"name":"One","image":"https://a.example/1.png","Hat":"Red"}\n',
    );
    const ran = await runCli(["validate", jsonl, "--json"], offline);
    expect(ran.code).toBe(0);
    expect(jsonLines(ran)).toMatchObject([
      {
        format: "json-lines",
        dialect: "JSON Lines in utf-8",
        mapping: { tokenId: "id", "attributes[Hat]": "Hat" },
        rows: { total: 1, valid: 1, invalid: 0 },
        traits: [{ trait: "Hat", tokens: 1, values: 1, common: [{ value: "Red", tokens: 1 }] }],
        samples: [{ tokenId: "1" }],
      },
    ]);
  });

  it("of a ZIP, with its media", async () => {
    const zip = path("drop.zip");
    const entries = [
      { name: "drop/tokens.csv", bytes: "tokenId,name,image\n1,One,1.png\n2,Two,2.png\n" },
      { name: "drop/1.png", bytes: "art" },
    ];
    await writeFile(zip, zipOf(entries));
    const ran = await runCli(["validate", zip], offline);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain("2 rows, 1 valid, 1 invalid");
    expect(ran.stdout).toContain("line 3, image: error row.media_missing");
    expect(ran.stderr).toContain("drop.zip holds drop/tokens.csv and 1 media file.");
  });

  it("says in one sentence why a ZIP is none", async () => {
    const zip = path("art.zip");
    await writeFile(zip, zipOf([{ name: "1.png", bytes: "art" }]));
    const ran = await runCli(["validate", zip], offline);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("error archive.no_table");
  });
});
