/** The examples as files, and as what the public shall see of them. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { CollectionInput } from "../../shared/api/contract.ts";
import { projectDir } from "../stack/project.ts";
import { fileKey, type LocalFiles } from "./expectation.ts";

export const EXAMPLES = join(projectDir, "examples");
export const ART = join(EXAMPLES, "art");
export const RELICS = join(EXAMPLES, "relics.csv");
/** Row 103 of it names a file that the media host lacks … */
export const BROKEN = join(EXAMPLES, "broken.csv");
export const MEDIA = join(EXAMPLES, "media");
/** … and this is that file. */
export const MENDED_FILE = "lost-compass.png";
export const MEND_DIR = join(EXAMPLES, "mend");

/** `image` is a path beside the file; everything else is what the API takes. */
const CollectionFile = CollectionInput.safeExtend({ image: z.string() });

export async function readCollectionFile(): Promise<{ input: CollectionInput; image: string }> {
  const file = JSON.parse(await readFile(join(EXAMPLES, "collection.json"), "utf8"));
  const { image, ...input } = CollectionFile.parse(file);
  return { input, image: join(EXAMPLES, image) };
}

/** Every file under the folders, by the key under which cells mean it. */
export async function readLocalFiles(...folders: readonly string[]): Promise<LocalFiles> {
  const files = new Map<string, Uint8Array>();
  for (const folder of folders) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) files.set(fileKey(entry.name), await readFile(join(entry.parentPath, entry.name)));
    }
  }
  return files;
}
