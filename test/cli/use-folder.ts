/** A temporary folder for each test of a file, with the sheet and the art that most of them submit. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach } from "vitest";

export const RELICS = "token_id,name,image\n1,Sword,sword.png\n2,Shield,deep/shield.png\n";

export function useFolder() {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mintline-cli-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const put = async (name: string, bytes: string): Promise<string> => {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    return path;
  };
  return {
    path: (name: string) => join(folder, name),
    put,
    /** The sheet; two rows that name a picture each unless others are given. */
    putSheet: (text = RELICS) => put("relics.csv", text),
    /** A folder of art; each file holds words about itself. */
    putArt: async (...names: string[]): Promise<string> => {
      for (const name of names) await put(`art/${name}`, `bytes of ${name}`);
      return join(folder, "art");
    },
  };
}
