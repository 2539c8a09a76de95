/**
 * switches.ts: what public sources cannot tell about the service, each as a switch, so that tests can run
 * both ways. The defaults are the strict reading.
 */
import * as z from "zod";
import { defaultUploadMaxBytes } from "./limits.ts";

const wholeNumber = z.int().min(0);

export const switchesSchema = z.strictObject({
  /** CreateToken of a token that is there: 409 · 400 WebrpcEndpoint · 400 QueryFailed · replaces it. */
  createExisting: z.preprocess(
    (value) => (value === "upsert" ? "overwrite" : value),
    z.enum(["conflict", "endpoint", "query", "overwrite"]),
  ),
  /** An asset id sent by the client: ignored, or used (and a duplicate refused). */
  clientAssetId: z.enum(["ignore", "honour"]),
  /** A second CreateAsset for the same token and field: another row, or 409. */
  duplicateAsset: z.enum(["create", "conflict"]),
  /** UpdateToken with a token: replaces the whole metadata, or only what it names. */
  updateToken: z.enum(["replace", "merge"]),
  /** PublishCollection with `recursive`: also makes every present token non-private. */
  recursivePublish: z.boolean(),
  /** Largest file; a larger one is answered 413 in plain text. */
  uploadMaxBytes: wholeNumber,
  /** Errors of the upload handler: webrpc JSON · plain text · a proxy's 502 page in HTML. */
  uploadErrorBody: z.enum(["json", "text", "html"]),
  /** A numeric asset id in the upload path wins over the token id beside it. */
  lenientUpload: z.boolean(),
  /** What has become public is still answered 404 for so long (a CDN). */
  publicDelayMs: wholeNumber,
  /** Largest page of the List methods; null: any. */
  pageMax: z.int().min(1).nullable(),
  /** Largest body of an RPC call in bytes; null: any. */
  bodyLimit: wholeNumber.nullable(),
  /** Emit `source`, `status`, `queuedAt` in tokens (since 2025-03); off is the shape of 2024. */
  v2Fields: z.boolean(),
  /** A task of RefreshTokenMetadata is QUEUED for so long before it is DONE. */
  refreshTaskMs: wholeNumber,
});

export type Switches = z.infer<typeof switchesSchema>;

export const switchesPatch = switchesSchema.partial();

export const defaultSwitches: Switches = {
  createExisting: "conflict",
  clientAssetId: "ignore",
  duplicateAsset: "create",
  updateToken: "replace",
  recursivePublish: true,
  uploadMaxBytes: defaultUploadMaxBytes,
  uploadErrorBody: "json",
  lenientUpload: false,
  publicDelayMs: 0,
  pageMax: null,
  bodyLimit: null,
  v2Fields: true,
  refreshTaskMs: 0,
};
