/**
 * What would be uploaded: each Worker bundled by `wrangler deploy --dry-run`, and measured as Cloudflare counts.
 * The very files that are shown are uploaded later (`no_bundle`). A bundle is kept under the hash of what it is
 * made of, so that a repeated or interrupted deploy does not bundle again.
 */
import { createHash } from "node:crypto";
import { glob, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { fail, ok, type Result } from "../../shared/result.ts";
import { CONFIG_FILES, type WorkerId } from "./committed.ts";
import type { Wrangler, WranglerFailure } from "./wrangler.ts";

export type Bundle = {
  readonly worker: WorkerId;
  readonly folder: string;
  readonly entry: string;
  readonly rawBytes: number;
  readonly gzipBytes: number;
  /** Of everything that is uploaded. */
  readonly sha256: string;
};

export async function bundleWorker(
  worker: WorkerId,
  project: string,
  generated: string,
  wrangler: Wrangler,
): Promise<Result<Bundle, WranglerFailure>> {
  const inputs = await hashOf(project, INPUTS);
  const folder = join(generated, "bundles", `${worker}-${inputs.slice(0, 16)}`);
  const kept = await measure(worker, folder);
  if (kept !== null) return ok(kept);
  const unfinished = `${folder}.${process.pid}`;
  const config = join(project, CONFIG_FILES[worker]);
  const made = await wrangler(["deploy", "--dry-run", "--config", config, "--outdir", unfinished]);
  if (!made.ok) return made;
  // Under its name only when it is whole: whoever finds the name finds all of it. Another deploy of the same
  // sources may have been faster: then its bundle is there, and is the same.
  await mkdir(join(generated, "bundles"), { recursive: true });
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true, force: true }));
  await forgetOthers(worker, folder);
  const bundle = await measure(worker, folder);
  return bundle === null
    ? fail({
        command: "deploy --dry-run",
        code: null,
        message: `It left no index.js in ${folder}.`,
        lastLines: [],
      })
    : ok(bundle);
}

/** Bundles of earlier sources: nobody will ask for them again. */
async function forgetOthers(worker: WorkerId, folder: string): Promise<void> {
  for (const name of await readdir(dirname(folder))) {
    const other = join(dirname(folder), name);
    // One that is being made right now has a longer name.
    if (other !== folder && new RegExp(`^${worker}-[0-9a-f]{16}$`).test(name))
      await rm(other, { recursive: true, force: true });
  }
}

/** All that bundling reads; the lock file stands for what is installed. */
const INPUTS = [
  "workers/**/*",
  "shared/**/*",
  "wrangler.toml",
  "tsconfig.json",
  "package.json",
  "package-lock.json",
];

/** Wrangler leaves these beside the modules, and uploads neither. */
const isUploaded = (path: string): boolean => path !== "README.md" && !path.endsWith(".map");

async function measure(worker: WorkerId, folder: string): Promise<Bundle | null> {
  const files = await filesIn(folder, ["**/*"]);
  if (!files.some(({ path }) => path === "index.js")) return null;
  const modules = files.filter(({ path }) => isUploaded(path));
  const all = Buffer.concat(modules.map(({ bytes }) => bytes));
  return {
    worker,
    folder,
    entry: join(folder, "index.js"),
    rawBytes: all.length,
    gzipBytes: (await promisify(gzip)(all)).length,
    sha256: digest(modules),
  };
}

export const hashOf = async (root: string, patterns: readonly string[]): Promise<string> =>
  digest(await filesIn(root, patterns));

type File = { readonly path: string; readonly bytes: Buffer };

async function filesIn(root: string, patterns: readonly string[]): Promise<File[]> {
  const files: File[] = [];
  for await (const entry of glob([...patterns], { cwd: root, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const absolute = join(entry.parentPath, entry.name);
    files.push({ path: absolute.slice(root.length + 1), bytes: await readFile(absolute) });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function digest(files: readonly File[]): string {
  const hash = createHash("sha256");
  for (const { path, bytes } of files) hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  return hash.digest("hex");
}
