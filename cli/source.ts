/** The file to be submitted: as a body where it is small, in parts where it is not. */
import type { Client } from "../shared/api/client.ts";
import { LIMITS } from "../shared/limits.ts";
import { ok, type Result } from "../shared/result.ts";
import { hashBlob, sendInParts, type Trouble } from "./parts.ts";
import type { Terminal } from "./terminal.ts";

/** One of the two is null. */
export type Source =
  | { readonly body: Blob; readonly uploadId: null }
  | { readonly body: null; readonly uploadId: string };

export async function sendSource(
  client: Client,
  terminal: Terminal,
  name: string,
  blob: Blob,
): Promise<Result<Source, Trouble>> {
  if (blob.size <= LIMITS.singleBodyBytes) return ok({ body: blob, uploadId: null });
  const upload = await sendInParts(client, terminal, { name, blob, sha256: await hashBlob(blob) });
  return upload.ok ? ok({ body: null, uploadId: upload.value.id }) : upload;
}
