/**
 * Which permission a refused call needs. Pure. Cloudflare's own words for a missing permission are
 * "Authentication error", code 10000, whatever is missing; the path says what it was.
 */
import { EXIT, type Fault } from "../failure.ts";

/** As they are called where a token is made: My Profile → API Tokens → Create Custom Token, group Account. */
const GRANTS: readonly (readonly [RegExp, string])[] = [
  [/\/queues/, "Account · Queues · Edit"],
  [/\/d1\//, "Account · D1 · Edit"],
  [/\/r2\//, "Account · Workers R2 Storage · Edit"],
  [/\/workers\//, "Account · Workers Scripts · Edit"],
  [/\/subscriptions/, "Account · Billing · Read"],
  [/\/accounts/, "Account · Account Settings · Read"],
];

/** All that a deploy needs; Billing is only for telling the plan by itself. */
export const NEEDED_GRANTS = GRANTS.map(([, grant]) => grant).filter((grant) => !grant.includes("Billing"));

export const grantFor = (path: string): string =>
  GRANTS.find(([pattern]) => pattern.test(path))?.[1] ?? "the permissions in workers/DEPLOYING.md";

/** @param path of the API, without the base: `/accounts/…/queues` */
export const notAllowed = (method: string, path: string, code: number | null): Fault => ({
  code: "deploy.not_allowed",
  message: `Cloudflare refused ${method} ${withoutAccount(path)}${code === null ? "" : ` (code ${code})`}: the token may not do that in this account.`,
  next: `Grant "${grantFor(path)}" to the token (dash.cloudflare.com → My Profile → API Tokens → Edit), or check that CLOUDFLARE_ACCOUNT_ID is the token's account; then run the same command again.`,
  exit: EXIT.unreachable,
});

export const notLoggedIn = (why: string): Fault => ({
  code: "deploy.not_logged_in",
  message: `Not logged in at Cloudflare: ${why}.`,
  next: `Make a token at dash.cloudflare.com → My Profile → API Tokens with ${NEEDED_GRANTS.map((grant) => `"${grant}"`).join(", ")}, set it as CLOUDFLARE_API_TOKEN and run the same command again; on your own machine \`npx wrangler login\` does as well.`,
  exit: EXIT.unreachable,
});

/** An id of an account is nobody's business in a CI log, and makes the line long. */
export const withoutAccount = (path: string): string => path.replace(/^\/accounts\/[^/]+/, "/accounts/…");
