/**
 * What Sequence's error names mean to us: the service's own (4 digits in its schema, 0 and below in webrpc) and
 * those of the middleware in front of it. Keyed by NAME because codes collide: 1007 is TaskFailed in the schema
 * and RateLimited in the middleware, 1008 Deprecated and ProjectNotFound. No I/O. No clock.
 */
import type { FailureReason } from "../job/failure.ts";

export type Meaning = { readonly reason: FailureReason; readonly code: string; readonly next: string };

const API_KEYS = "Builder → Settings → API Keys";
const CHECK_URL = "Check that METADATA_URL is the base address of a Sequence metadata service.";
const LOOK_FIRST = "Nothing to do: Mintline looks what is there and tries again.";
const CORRECT_ROW =
  "Correct what the message names in the row and submit it again, or edit and replay the job.";

const meaning = (reason: FailureReason, code: string, next: string): Meaning => ({ reason, code, next });

export const MEANING = {
  keyRefused: meaning(
    "account",
    "key.refused",
    `Make a new secret key with Write access in ${API_KEYS} and set it as JWT_ACCESS_KEY.`,
  ),
  keyReadOnly: meaning(
    "account",
    "key.read_only",
    `Make a key with Write access (${API_KEYS}) and set it as JWT_ACCESS_KEY.`,
  ),
  keyExpired: meaning(
    "account",
    "key.expired",
    `Make a new secret key with Write access in ${API_KEYS} and set it as JWT_ACCESS_KEY in place of the expired one.`,
  ),
  keyOtherProject: meaning(
    "account",
    "key.other_project",
    `Set PROJECT_ID to the project that the key belongs to, or make a key with Write access in this project (${API_KEYS}).`,
  ),
  keyForbidden: meaning(
    "account",
    "key.forbidden",
    `Look in ${API_KEYS} at what this key may do, or make a new one with Write access and set it as JWT_ACCESS_KEY.`,
  ),
  quotaSpent: meaning(
    "account",
    "quota.spent",
    "Raise the plan's quota in Builder → Settings → Billing or wait for its renewal, then resume the batch.",
  ),
  rateLimited: meaning(
    "rate_limited",
    "sequence.rate_limited",
    "Nothing to do: the job goes on when Sequence allows; lower MAX_CALLS_PER_SECOND if it happens often.",
  ),
  conflict: meaning("conflict", "sequence.conflict", LOOK_FIRST),
  notFound: meaning(
    "not_found",
    "sequence.not_found",
    "Check in Builder that the collection and the token still exist, then replay the job.",
  ),
  notPublic: meaning(
    "not_found",
    "sequence.not_public",
    "Publish the token and its collection, then ask again; a new publication may take a moment to show.",
  ),
  tooLarge: meaning(
    "invalid",
    "sequence.too_large",
    "Make the media file smaller and submit the row again, or edit and replay the job.",
  ),
  mediaType: meaning(
    "invalid",
    "sequence.media_type",
    "Turn the media into a PNG, JPEG, WebP, GIF, SVG or MP4 file and submit the row again.",
  ),
  serverError: meaning("outcome_unknown", "sequence.server_error", LOOK_FIRST),
  timedOut: meaning("outcome_unknown", "sequence.timeout", LOOK_FIRST),
  notJson: meaning(
    "outcome_unknown",
    "sequence.bad_response",
    "If it goes on, something between us and Sequence (a proxy, a firewall, a wrong METADATA_URL) answers in its place: look at the body in the evidence.",
  ),
  redirected: meaning(
    "unnamed",
    "sequence.redirected",
    "Set METADATA_URL to the address that answers itself: the key is never sent along a redirect.",
  ),
  unnamed: meaning(
    "unnamed",
    "sequence.unexpected",
    "Look at the body in the evidence; if Sequence is well, replay the job.",
  ),
} as const satisfies Record<string, Meaning>;

/** `ProjectNotFound` is not here: with 401 it speaks of the key, with 400 of the row's project. */
export const MEANING_BY_NAME: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ["Unauthorized", MEANING.keyRefused],
  ["AccessKeyNotFound", MEANING.keyRefused],
  ["SessionExpired", MEANING.keyExpired],
  ["PermissionDenied", MEANING.keyOtherProject],
  ["AccessKeyMismatch", MEANING.keyOtherProject],
  ["UnauthorizedUser", MEANING.keyReadOnly],
  ["QuotaExceeded", MEANING.quotaSpent],
  [
    "SecretKeyCorsDisallowed",
    meaning(
      "account",
      "key.cors_disallowed",
      "Take away whatever adds an Origin header between Mintline and Sequence: secret keys are refused with one.",
    ),
  ],
  [
    "InvalidScope",
    meaning("account", "key.invalid_scope", `Make a key with Write access to metadata (${API_KEYS}).`),
  ],
  [
    "InvalidOrigin",
    meaning("account", "key.invalid_origin", `Remove the origin restriction of the key (${API_KEYS}).`),
  ],
  [
    "InvalidService",
    meaning("account", "key.invalid_service", `Allow the metadata service for the key (${API_KEYS}).`),
  ],
  ["InvalidChain", meaning("account", "key.invalid_chain", `Allow this chain for the key (${API_KEYS}).`)],
  [
    "Geoblocked",
    meaning(
      "account",
      "account.geoblocked",
      "Sequence does not serve this region: run Mintline from another one.",
    ),
  ],
  ["RateLimited", MEANING.rateLimited],
  ["QuotaRateLimit", MEANING.rateLimited],
  ["RequestConflict", MEANING.conflict],
  ["WebrpcEndpoint", meaning("conflict", "sequence.endpoint_error", LOOK_FIRST)],
  ["QueryFailed", meaning("conflict", "sequence.query_failed", LOOK_FIRST)],
  ["InvalidArgument", meaning("invalid", "sequence.invalid_argument", CORRECT_ROW)],
  ["RequiredArgument", meaning("invalid", "sequence.required_argument", CORRECT_ROW)],
  ["ValidationFailed", meaning("invalid", "sequence.validation_failed", CORRECT_ROW)],
  ["WebrpcBadRequest", meaning("invalid", "sequence.bad_request", CORRECT_ROW)],
  [
    "ChainNotFound",
    meaning("invalid", "sequence.chain_not_found", "Give a chain id that Sequence supports, such as 137."),
  ],
  ["NotFound", MEANING.notFound],
  ["Timeout", MEANING.timedOut],
  ["Aborted", MEANING.serverError],
  ["WebrpcRequestFailed", MEANING.serverError],
  ["WebrpcBadResponse", MEANING.serverError],
  ["WebrpcServerPanic", MEANING.serverError],
  ["WebrpcInternalError", MEANING.serverError],
  ["WebrpcClientDisconnected", MEANING.serverError],
  ["WebrpcClientAborted", MEANING.serverError],
  ["WebrpcStreamLost", MEANING.serverError],
  ["WebrpcStreamFinished", MEANING.serverError],
  ["WebrpcBadRoute", meaning("unnamed", "sequence.bad_route", CHECK_URL)],
  ["WebrpcBadMethod", meaning("unnamed", "sequence.bad_method", CHECK_URL)],
  ["MethodNotFound", meaning("unnamed", "sequence.method_not_found", CHECK_URL)],
]);

/** Names that mean nothing to us beyond their status, with a code of their own all the same. */
export const CODE_BY_NAME: ReadonlyMap<string, string> = new Map([
  ["Fail", "sequence.failed"],
  ["TaskFailed", "sequence.task_failed"],
  ["Deprecated", "sequence.deprecated"],
  ["TokenDirectoryDisabled", "sequence.token_directory_disabled"],
]);
