/** Numbers and fixed words of deploying, each with its reason. */
import { DAY, MINUTE, SECOND } from "../../shared/limits.ts";

export const DEPLOY = {
  production: "production",
  /** Of Cloudflare's own API; Wrangler and we read CLOUDFLARE_API_BASE_URL alike. */
  apiBase: "https://api.cloudflare.com/client/v4",
  /** 14 days, the longest on Workers Paid: a million jobs at 2 a second take six. */
  retentionSeconds: (14 * DAY) / SECOND,
  /** spool/ holds what a crash left behind; no job lasts a day (LIMITS.spoolLostMs). */
  spoolRule: "mintline-spool",
  spoolPrefix: "spool/",
  spoolSeconds: DAY / SECOND,
  /** Of a bucket that is taken back but too full to be emptied object by object. */
  emptyRule: "mintline-empty",
  /** Deleting one by one is for small buckets: the API allows 1,200 calls in 5 minutes. */
  emptyObjectsMax: 500,
  /** One answer of Cloudflare's API. */
  answerWithinMs: 30 * SECOND,
  /** A new workers.dev address takes a while to be known everywhere. */
  addressWithinMs: 2 * MINUTE,
  addressEveryMs: 2 * SECOND,
  /** Lines of Wrangler's own output that are shown where it failed. */
  wranglerLines: 20,
  /** The contract's ceiling in production: the live game shares the project's limit. */
  callsPerSecond: 50,
} as const;
