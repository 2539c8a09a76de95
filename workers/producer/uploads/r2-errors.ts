/** R2 tells what went wrong by a number at the end of its message. https://developers.cloudflare.com/r2/api/error-codes/ */

const codeOf = (cause: unknown): number | null => {
  const code = cause instanceof Error ? /\((\d{5})\)\s*$/.exec(cause.message)?.[1] : undefined;
  return code === undefined ? null : Number(code);
};

/** No such multipart upload: it was completed, aborted, or given up by R2 after a week. */
export const isGone = (cause: unknown): boolean => codeOf(cause) === 10_024;

/** A part is not there as its etag says: somebody sent it again at the same time. */
export const isOtherPart = (cause: unknown): boolean => codeOf(cause) === 10_025;
