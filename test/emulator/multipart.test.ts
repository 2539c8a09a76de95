import { describe, expect, it } from "vitest";
import { partsOf } from "../../emulator/multipart.ts";

const read = (body: string, contentType = "multipart/form-data; boundary=b") =>
  partsOf(Buffer.from(body, "latin1"), contentType)?.map(({ name, filename, bytes }) => {
    return [name, filename, Buffer.from(bytes).toString("latin1")];
  }) ?? null;

const disposition = (name: string) => `Content-Disposition: form-data; name="${name}"; filename="f"`;
const part = (name: string, content: string) => `--b\r\n${disposition(name)}\r\n\r\n${content}\r\n`;

describe("partsOf", () => {
  it("reads what fetch sends, whatever bytes and names it holds", async () => {
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array([0, 13, 10, 45, 45, 255])]), 'a "b".png');
    form.append("note", "text");
    const sent = new Response(form);
    const parts = partsOf(new Uint8Array(await sent.arrayBuffer()), sent.headers.get("content-type") ?? "");
    expect(parts?.map(({ name, filename }) => [name, filename])).toEqual([
      ["file", "a %22b%22.png"],
      ["note", null],
    ]);
    expect([...(parts?.[0]?.bytes ?? [])]).toEqual([0, 13, 10, 45, 45, 255]);
  });

  it("takes a quoted boundary, headers in any order and case, a preamble and an epilogue", () => {
    const body = `preamble\r\n--b c\r\ncontent-type: image/png\r\nCONTENT-DISPOSITION: form-data; filename="x"; name="file"\r\n\r\nbytes\r\n--b c--\r\nepilogue`;
    expect(read(body, 'multipart/form-data; charset=utf-8; boundary="b c"')).toEqual([
      ["file", "x", "bytes"],
    ]);
  });

  it("keeps empty parts and several of one name apart", () => {
    expect(read(`${part("a", "")}${part("a", "x--b")}--b--\r\n`)).toEqual([
      ["a", "f", ""],
      ["a", "f", "x--b"],
    ]);
  });

  it.each([
    ["no boundary in the type", part("a", "x"), "multipart/form-data"],
    ["no boundary in the body", "nothing here", undefined],
    ["no end", part("a", "x"), undefined],
    ["a part cut off", `--b\r\n${disposition("a")}\r\n\r\nhalf`, undefined],
    ["a part without a name", "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--", undefined],
    ["a part without a blank line", `--b\r\n${disposition("a")}\r\n--b--`, undefined],
  ])("is null for %s", (_what, body, contentType) => {
    expect(read(body, contentType)).toBeNull();
  });
});
