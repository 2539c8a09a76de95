/** A media cell that is an address: whether it may be fetched, and whether a file is behind it. Pure. */
import { checkMediaSource } from "../media/sources.ts";
import { fail, ok, type Result } from "../result.ts";
import type { ProblemText } from "./problem.ts";
import { shareLink } from "./share-links.ts";

/** The address in the form in which it is asked for. */
export function checkUrl(cell: string, privateHosts: readonly string[]): Result<string, ProblemText> {
  const origin = PLAIN.exec(cell)?.[1];
  if (origin !== undefined && lastGood.get(privateHosts) === origin) return ok(cell);
  const checked = checkMediaSource(cell, privateHosts);
  if (!checked.ok) return checked;
  if (SHARING.test(checked.value)) {
    const share = shareLink(new URL(checked.value));
    return share ? fail(share) : checked;
  }
  // Only where the parser has left it as it was: `http://127.1/` is another host than it seems.
  if (origin !== undefined && checked.value === cell) lastGood.set(privateHosts, origin);
  return checked;
}

/**
 * Addresses that no parser would write otherwise: what is true of one is true of all with the same beginning, so
 * that ten thousand pictures of one host are not ten thousand times asked where they lie. Hosts whose paths
 * matter (share pages) are asked again, and so is a path with a dot segment.
 */
const PLAIN =
  /^(https?:\/\/(?!www\.|drive\.|docs\.|github\.)[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d+)?)\/(?!.*\/\.)(?!\.)[\w./-]{0,500}$/;

const SHARING = /^https?:\/\/(?:www\.)?(?:drive\.google|docs\.google|dropbox|github)\.com\//;

/** The last such beginning that was found good, by the rule it was judged by. */
const lastGood = new WeakMap<readonly string[], string>();
