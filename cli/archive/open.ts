/**
 * What is to be submitted or checked: a file as it is, or a ZIP or folder that holds the table and its media. Of
 * those, the table is found and the media becomes what `--media` would have named. Nothing of it is kept.
 */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, open, readdir, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { ok, type Result } from "../../shared/result.ts";
import { plural } from "../batch-text.ts";
import type { Fault } from "../failure.ts";
import { openFile } from "../files.ts";
import { readStdin } from "../stdin.ts";
import { commonFolder, isClutter, isNumbered, type Layout, layoutOf } from "./layout.ts";
import type { joinObjects } from "./objects.ts";

export type Opened = {
  /** The table: its name says what it is. `-` is standard input. */
  readonly file: string;
  readonly bytes: Blob;
  /** The folder with the media that came along, null where none did. */
  readonly media: string | null;
  /** Worth saying. */
  readonly notes: readonly string[];
};

/** @param maxBytes what the table may have. */
export async function openSubmission(file: string, maxBytes: number): Promise<Result<Opened, Fault>> {
  if (file === "-") {
    const bytes = await readStdin(process.stdin);
    return bytes.ok ? ok({ ...ALONE, file, bytes: bytes.value }) : bytes;
  }
  if (await isFolder(file)) return openTree(file, { folder: file, names: await namesIn(file) }, maxBytes);
  if (await isZip(file)) {
    const folder = await temporaryFolder();
    const { unpack } = await import("./unpack.ts");
    const names = await unpack(file, folder);
    return names.ok ? openTree(file, { folder, names: names.value }, maxBytes) : names;
  }
  const numbered = isNumbered(file) ? await joined(dirname(file), [basename(file)]) : null;
  if (numbered?.ok) return ok({ ...ALONE, file: "tokens.jsonl", bytes: new Blob(numbered.value) });
  const bytes = await openFile(file, maxBytes);
  return bytes.ok ? ok({ ...ALONE, file, bytes: bytes.value }) : bytes;
}

const ALONE = { media: null, notes: [] };

/** A folder that was named beats what came along. */
export const withMedia = <T extends { readonly media?: string }>(options: T, { media }: Opened): T =>
  media === null || options.media !== undefined ? options : { ...options, media };

type Tree = { readonly folder: string; readonly names: readonly string[] };

async function openTree(where: string, tree: Tree, maxBytes: number): Promise<Result<Opened, Fault>> {
  const layout = layoutOf(where, tree.names);
  if (!layout.ok) return layout;
  const { table, media } = layout.value;
  const bytes = await openTable(tree.folder, table, maxBytes);
  if (!bytes.ok) return bytes;
  return ok({
    file: table.kind === "file" ? join(tree.folder, table.file) : "tokens.jsonl",
    bytes: bytes.value,
    media: media.length === 0 ? null : await gather(tree.folder, media),
    notes: [described(where, layout.value)],
  });
}

async function openTable(
  folder: string,
  table: Layout["table"],
  maxBytes: number,
): Promise<Result<Blob, Fault>> {
  if (table.kind === "file") return openFile(join(folder, table.file), maxBytes);
  const lines = await joined(folder, table.files);
  return lines.ok ? ok(new Blob(lines.value)) : lines;
}

/** Loaded where it is wanted, like `unpack`: half of what the CLI would read at each start stands behind the two. */
async function joined(folder: string, files: readonly string[]): ReturnType<typeof joinObjects> {
  const objects = await import("./objects.ts");
  return objects.joinObjects(folder, files);
}

const described = (where: string, { table, media, leftOut }: Layout): string => {
  const rows =
    table.kind === "file" ? table.file : `one object each in ${plural(table.files.length, "file")}`;
  const unused =
    leftOut.length === 0
      ? ""
      : `; left out: ${leftOut.slice(0, 5).join(", ")}${leftOut.length > 5 ? ` and ${leftOut.length - 5} more` : ""}`;
  return `${where} holds ${rows} and ${plural(media.length, "media file")}${unused}.`;
};

/** A folder of links to the media alone, so that no table among them is taken for art. */
async function gather(folder: string, media: readonly string[]): Promise<string> {
  const gathered = await temporaryFolder();
  const common = commonFolder(media);
  for (const name of media) {
    const link = join(gathered, name.slice(common.length));
    await mkdir(dirname(link), { recursive: true });
    await symlink(resolve(folder, name), link);
  }
  return gathered;
}

/** Gone when the process is, however it ends but for kill -9. */
const temporary = new Set<string>();

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "mintline-"));
  if (temporary.size === 0) {
    process.once("exit", () => {
      for (const one of temporary) rmSync(one, { recursive: true, force: true });
    });
  }
  temporary.add(folder);
  return folder;
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isDirectory() ?? false;

async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((name) => !isClutter(name))
    .sort();
}

/** By its first bytes, whatever it is called; an empty ZIP begins with its end. */
async function isZip(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0).finally(() => file.close());
  return ["PK\u0003\u0004", "PK\u0005\u0006"].includes(buffer.toString("latin1"));
}
