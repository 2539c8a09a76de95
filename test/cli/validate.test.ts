import { describe, expect, it } from "vitest";
import { jsonLines, runCli } from "./run-cli.ts";
import { useFolder } from "./use-folder.ts";

const { put, putSheet, putArt } = useFolder();

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
