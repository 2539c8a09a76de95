import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { contentName, hashFolder, listFolder } from "../../cli/media-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mintline-art-"));
});
afterEach(() => rm(folder, { recursive: true }));

const put = async (name: string, bytes: string): Promise<string> => {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, bytes);
  return path;
};

const namesIn = async (except = ""): Promise<string[]> => {
  const listed = await listFolder(folder, except);
  return listed.ok ? listed.value.map(({ fileName }) => fileName) : [listed.error.code];
};

describe("a folder of art", () => {
  it("is listed by relative POSIX paths in Unicode form C, sorted", async () => {
    await put("b.png", "b");
    await put("deep/er/a.png", "a");
    await put("u\u0308.png", "u");
    expect(await namesIn()).toEqual(["b.png", "deep/er/a.png", "\u00fc.png"]);
  });

  it("leaves out hidden files, what systems leave behind, and the submitted file itself", async () => {
    await put(".DS_Store", "x");
    await put(".git/config", "x");
    await put("sub/Thumbs.db", "x");
    await put("1.png", "1");
    const csv = await put("relics.csv", "name\n");
    expect(await namesIn(csv)).toEqual(["1.png"]);
  });

  it("takes a link to a file as that file, and a link to a folder not at all", async () => {
    await put("1.png", "1");
    await symlink(join(folder, "1.png"), join(folder, "2.png"));
    await symlink(folder, join(folder, "again"));
    expect(await namesIn()).toEqual(["1.png", "2.png"]);
  });

  it("names what is over the limit, and the limit", async () => {
    const path = await put("huge.mp4", "");
    await truncate(path, 201_000_000);
    const listed = await listFolder(folder, "");
    expect(listed).toMatchObject({
      ok: false,
      error: {
        code: "body.too_large",
        message: "Expected files of at most 200 MB each, got huge.mp4 (201 MB).",
        exit: 2,
      },
    });
  });

  it.each([
    ["is empty", async () => {}],
    [
      "is not there",
      () => rm(folder, { recursive: true }).then(() => mkdir(`${folder}/..`, { recursive: true })),
    ],
  ])("that %s is wrong use", async (_what, prepare) => {
    await prepare();
    expect(await namesIn()).toEqual(["media.folder"]);
    await mkdir(folder, { recursive: true });
  });
});

describe("the name of a set", () => {
  const nameOf = async (): Promise<string> => {
    const listed = await listFolder(folder, "");
    const hashed = listed.ok ? await hashFolder(listed.value, () => {}) : listed;
    return hashed.ok ? contentName(hashed.value) : hashed.error.code;
  };

  it("is the same for the same names and contents, and another for any change", async () => {
    await put("1.png", "one");
    const before = await nameOf();
    expect(before).toMatch(/^set-[0-9a-f]{24}$/);
    expect(await nameOf()).toBe(before);
    await put("1.png", "ONE");
    const changed = await nameOf();
    await put("2.png", "two");
    expect(new Set([before, changed, await nameOf()]).size).toBe(3);
  });
});
