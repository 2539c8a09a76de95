/** The media set of a submission, indexed so that each row is a look-up. */
import type { SetFile } from "../../../shared/intake/media-cells.ts";
import { indexMedia, type MediaIndex } from "../../../shared/media/match.ts";
import type { Db } from "../../../shared/store/db.ts";
import { listMediaFiles } from "../../../shared/store/media-files.ts";

const PAGE = 10_000;

/** @returns null where the submission names no set. A set without files is an empty one: each name is missing. */
export async function loadMediaSet(
  db: Db,
  target: string,
  set: string | null,
): Promise<MediaIndex<SetFile> | null> {
  if (set === null) return null;
  const files: SetFile[] = [];
  for (let after = ""; ; ) {
    const page = await listMediaFiles(db, { target, set, after, limit: PAGE });
    files.push(
      ...page.map(({ file_name, content_type, sha256, bytes }) => ({
        fileName: file_name,
        contentType: content_type,
        sha256,
        bytes,
      })),
    );
    const last = page.at(-1);
    if (page.length < PAGE || !last) return indexMedia(files);
    after = last.file_name;
  }
}
