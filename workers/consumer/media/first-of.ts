/**
 * Media that several hosts may have: they are asked in their order until one gives it. What is wrong with the file
 * itself no other host can mend. Where all fail, the one answer that leaves most hope decides what becomes of the
 * job: a host that asks to wait, or is left alone just now, may have the file; one in trouble may next time.
 */
import type { Failure } from "../../../shared/job/failure.ts";
import { fail, type Result } from "../../../shared/result.ts";

export async function firstOf<T>(
  addresses: readonly string[],
  fetchFrom: (address: string) => Promise<Result<T, Failure>>,
): Promise<Result<T, Failure>> {
  const failures: Failure[] = [];
  for (const address of addresses) {
    const got = await fetchFrom(address);
    if (got.ok || NOT_THE_HOSTS.includes(got.error.code)) return got;
    failures.push(got.error);
  }
  return fail(together(failures));
}

/** The file's own faults, and R2's. An unknown type is missing here: many a gateway says its errors with status 200. */
const NOT_THE_HOSTS: readonly string[] = [
  "media.too_large",
  "media.unsafe_svg",
  "media.wrong_type",
  "media.storage",
];

function together(failures: readonly Failure[]): Failure {
  const [first, ...rest] = failures;
  if (first === undefined) throw new Error("Expected at least one address to fetch media from, got none");
  if (rest.length === 0) return first;
  const best = failures.reduce((one, other) => (hope(other) > hope(one) ? other : one));
  const others = failures.filter((failure) => failure !== best).map(inShort);
  const waits = failures.flatMap(({ reason, retryAfterSeconds }) =>
    reason === "media_waiting" && retryAfterSeconds !== null ? [retryAfterSeconds] : [],
  );
  return {
    ...best,
    message: `${best.message} Elsewhere: ${others.join("; ")}.`,
    retryAfterSeconds: waits.length > 0 ? Math.min(...waits) : best.retryAfterSeconds,
  };
}

function hope({ reason, httpStatus }: Failure): number {
  if (reason === "media_waiting") return 3;
  if (reason === "media_unavailable") return 2;
  // Who gave the file, if a wrong one, says more about it than who did not.
  return httpStatus === 200 ? 1 : 0;
}

const inShort = ({ evidence, httpStatus, code }: Failure): string =>
  `${evidence?.host ?? "a host"} ${httpStatus === null ? "" : `answered ${httpStatus}, `}${code}`;
