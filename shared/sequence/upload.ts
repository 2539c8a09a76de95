/** The upload of one media file, and what counts as its confirmation. */
import type { Failure } from "../job/failure.ts";
import { fail, ok, type Result } from "../result.ts";
import type { Watch } from "../watch.ts";
import { failureOf, unusableAnswer } from "./errors.ts";
import { exchange, isSuccess } from "./exchange.ts";
import { asError, enclose, type Outgoing, type Part, partFrame, wrongLength } from "./multipart.ts";
import { contextOf, issueOf, type SequenceOptions, startWatch, withKey } from "./rpc.ts";
import { SequenceAsset } from "./schema.ts";

/** A media file; `open` is called once for each upload and gives exactly `bytes` bytes. */
export type UploadBody = Part & {
  readonly bytes: number;
  open(): Promise<ReadableStream<Uint8Array> | Uint8Array>;
};

/** An asset whose media is up. */
export type UploadedAsset = SequenceAsset & { url: string };

/** PUTs `body`; the asset is confirmed only by status 200 and a bare asset with a URL. */
export async function upload(
  options: SequenceOptions,
  url: string,
  body: UploadBody,
  where: string,
  signal: AbortSignal | undefined,
): Promise<Result<UploadedAsset, Failure>> {
  const boundary = `mintline-${crypto.randomUUID()}`;
  const headers = new Headers({ "Content-Type": `multipart/form-data; boundary=${boundary}` });
  const watch = startWatch(options, signal);
  let outgoing: Outgoing | null = null;
  try {
    const source = await opened(body, watch);
    if (source instanceof Error) return fail(sourceFailure(where, source));
    outgoing = enclose(source, partFrame(boundary, body), body.bytes, watch);
    const answered = await exchange(
      options.fetch,
      url,
      { method: "PUT", headers: withKey(options, headers), body: outgoing.body, redirect: "manual" },
      watch,
    );
    const broken = outgoing.sourceError();
    if (broken && answered.status === null) return fail(sourceFailure(where, broken));
    const context = contextOf(options, where, "rest");
    if (!isSuccess(answered)) return fail(failureOf(answered, context));
    const asset = answered.status === 200 ? readAsset(answered.body) : "only 200 confirms an upload";
    return typeof asset === "string" ? fail(unusableAnswer(answered, context, asset)) : ok(asset);
  } finally {
    outgoing?.stop();
    watch.end();
  }
}

/** The confirmed asset, or what is wrong with the answer. */
function readAsset(body: string): UploadedAsset | string {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return "it is no JSON";
  }
  const asset = SequenceAsset.safeParse(json);
  if (!asset.success) return issueOf(asset.error);
  const { url } = asset.data;
  return url === null ? "the asset has no url" : { ...asset.data, url };
}

async function opened(
  body: UploadBody,
  watch: Watch,
): Promise<ReadableStream<Uint8Array> | Uint8Array | Error> {
  const opening = (async () => body.open())();
  try {
    const source = await watch.wait(opening);
    return source instanceof Uint8Array && source.byteLength !== body.bytes
      ? wrongLength(body.bytes, source.byteLength)
      : source;
  } catch (error) {
    // Should it open after all, R2 must not be left with a body that nobody reads.
    opening.then((late) => (late instanceof Uint8Array ? undefined : late.cancel())).catch(() => {});
    if (watch.signal.aborted && watch.ranOut() === null) throw watch.signal.reason;
    return asError(error);
  }
}

/** Our own store failed to deliver the file: nothing was confirmed, and an upload may be done twice. */
const sourceFailure = (where: string, error: Error): Failure => ({
  reason: "outcome_unknown",
  code: "sequence.upload_source",
  message: `${where}: expected to read the media file, got ${error.message}`,
  next: "Nothing to do: the file is read and sent again; if it goes on, look at the R2 bucket.",
  httpStatus: null,
  retryAfterSeconds: null,
  evidence: null,
});
