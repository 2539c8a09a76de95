/** Deletes a bucket, which R2 allows only of an empty one. Few files go one by one, many by a lifecycle rule. */
import * as z from "zod";
import { ok, type Result } from "../../shared/result.ts";
import type { Ask, Refusal } from "./api.ts";
import { DEPLOY } from "./numbers.ts";

const NOT_EMPTY = 10008;
const Objects = z.array(z.looseObject({ key: z.string() }));

/** @returns `later` where the files are left to a rule: R2 expires them within a day */
export async function emptyBucket(
  ask: Ask,
  at: string,
  name: string,
): Promise<Result<"gone" | "later", Refusal>> {
  const bucket = `${at}/r2/buckets/${name}`;
  const removed = await ask("DELETE", bucket, z.unknown());
  if (removed.ok) return ok("gone");
  if (removed.error.code !== NOT_EMPTY) return removed;
  const listed = await ask("GET", `${bucket}/objects?per_page=${DEPLOY.emptyObjectsMax + 1}`, Objects);
  if (!listed.ok) return listed;
  if (listed.value.length > DEPLOY.emptyObjectsMax) return leaveToRule(ask, bucket);
  for (const { key } of listed.value) {
    const gone = await ask("DELETE", `${bucket}/objects/${encodeURIComponent(key)}`, z.unknown());
    if (!gone.ok) return gone;
  }
  const again = await ask("DELETE", bucket, z.unknown());
  return again.ok ? ok("gone") : again;
}

/** https://developers.cloudflare.com/r2/buckets/delete-buckets/ : no prefix, one day. */
async function leaveToRule(ask: Ask, bucket: string): Promise<Result<"later", Refusal>> {
  const rule = {
    id: DEPLOY.emptyRule,
    enabled: true,
    conditions: { prefix: "" },
    deleteObjectsTransition: { condition: { type: "Age", maxAge: DEPLOY.spoolSeconds } },
  };
  const set = await ask("PUT", `${bucket}/lifecycle`, z.unknown(), { rules: [rule] });
  return set.ok ? ok("later") : set;
}
