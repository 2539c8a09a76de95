/** Media from the hosts that may have it, each through its own gate, so that one bad host does not hold the others. */
import type { Failure } from "../../../shared/job/failure.ts";
import type { MediaField } from "../../../shared/job/job.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { checkMediaUrl } from "../../../shared/media/guard.ts";
import { addressesOf } from "../../../shared/media/sources.ts";
import { fail, type Result } from "../../../shared/result.ts";
import type { Way } from "../gate/media-gates.ts";
import { hostDown, hostDownNow } from "../media/failures.ts";
import { fetchIfChanged, type MediaContext } from "../media/fetch-media.ts";
import { firstOf } from "../media/first-of.ts";
import type { MediaInHand } from "../media/media-in-hand.ts";
import type { Run } from "./run.ts";

/** `field` null: any media will do. `etag`: what the host called the state that we know; null: send it in any case. */
export type Wanted = { readonly field: MediaField | null; readonly etag: string | null };

/** Null: it is as it was. */
type Got = Result<MediaInHand | null, Failure>;

/** From the first that gives it of the places where it may be. */
export function fromHost(run: Run, source: string, wanted: Wanted): Promise<Got> {
  run.delivery.ask(run.job.batch, run.startedAt);
  const addresses = addressesOf(source, run.ctx.config.mediaGateways);
  // The next address is the other try.
  const tries = addresses.length > 1 ? 1 : LIMITS.mediaTries;
  return firstOf(addresses, (address) => throughGate(run, address, wanted, tries));
}

async function throughGate(run: Run, url: string, { field, etag }: Wanted, tries: number): Promise<Got> {
  const { ctx, delivery } = run;
  // What the guard will refuse has no gate: a stranger's list of addresses must not make an object for each.
  const checked = checkMediaUrl(url, ctx.config.mediaPrivateHosts);
  const host = checked.ok ? checked.value.host : "";
  const way: Way = host === "" ? { kind: "go", pass: null } : await delivery.mediaGates.wayTo(host);
  if (way.kind === "wait") return fail(hostDown(host, way, ctx.now()));
  const context = { ...mediaContext(run), tries };
  const fetchIt = () => fetchIfChanged(url, field, context, etag);
  const fetched = await (way.pass?.through(context.ask, fetchIt) ?? fetchIt());
  if (!fetched.ok && fetched.error.reason === "media_unavailable" && way.pass?.isDown()) {
    return fail(hostDownNow(host, fetched.error));
  }
  return fetched;
}

export const mediaContext = ({ ctx, delivery, job, startedAt }: Run): MediaContext => ({
  fetch: ctx.fetch,
  bucket: ctx.bucket,
  files: delivery.media.files,
  privateHosts: ctx.config.mediaPrivateHosts,
  callTimeoutMs: ctx.config.callTimeoutMs,
  maxBytes: LIMITS.mediaMaxBytes,
  // All of a job's media together: a job that outlasts its delivery is put back uncounted, and would be so for ever.
  deadline: startedAt + LIMITS.mediaTransferMs,
  now: ctx.now,
  signal: delivery.signal,
  ask: () => delivery.ask(job.batch, startedAt),
});
