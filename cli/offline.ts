/**
 * A file read here by the rules of the Worker's intake, with the names of its art looked up in a folder. What
 * only the deployment knows (which private hosts it may fetch from) is left for it to judge.
 */
import type { RowProblem } from "../shared/api/contract.ts";
import type { MediaContext } from "../shared/intake/media-cells.ts";
import type { ByteSource } from "../shared/intake/source.ts";
import type { FileReport } from "../shared/intake/validate-file.ts";
import { indexMedia, type ListedFile, type MediaIndex } from "../shared/media/match.ts";
import { contentTypeOf, type ReadingOptions } from "./submission.ts";

/** Errors that MEDIA_PRIVATE_HOSTS may lift. */
const UP_TO_THE_SERVER = ["row.media_private", "row.media_port", "row.media_ip"];

/** Whether the deployment is bound to see it the same way. */
export const isCertain = ({ severity, code }: RowProblem): boolean =>
  severity === "error" && !UP_TO_THE_SERVER.includes(code);

/** Without --collection any number will do for it: it only goes into ids that are derived. */
export async function validateHere(
  file: string,
  bytes: Blob,
  options: ReadingOptions,
  media: MediaContext,
): Promise<FileReport> {
  // Loaded when asked for: parser and hashes would cost every other command a fifth of a second.
  const { validateFile } = await import("../shared/intake/validate-file.ts");
  const reading = {
    collectionId: options.collection ?? 0,
    template: options.template ?? {},
    map: options.map ?? {},
    tokenIds: options.tokenIds ?? "file",
    firstTokenId: options.firstTokenId ?? "0",
    contentType: contentTypeOf(file),
  };
  return validateFile(sourceOf(bytes), reading, media);
}

const sourceOf = (file: Blob): ByteSource => ({
  size: file.size,
  read: async (offset, length) => new Uint8Array(await file.slice(offset, offset + length).arrayBuffer()),
});

/** Holds whatever it is asked for. */
class EveryName extends Map<string, readonly ListedFile[]> {
  override get(fileName: string): readonly ListedFile[] {
    return [{ fileName }];
  }
}

/** For a file without its art: any name is believed, so that all the rest can be checked. */
export function believedNames(): MediaIndex<ListedFile> {
  return { ...indexMedia([]), byPath: new EveryName() };
}
