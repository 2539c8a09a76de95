/**
 * media-host.ts: a host that pictures can be fetched from: files of one directory, made-up pictures for any
 * name, and answers that a fetcher must survive.
 */
import { readFile, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, bytesAnswer, textAnswer } from "./answer.ts";
import { madeUpMaxBytes, slowMaxMs } from "./limits.ts";
import { paddedPicture, picture } from "./picture.ts";
import { sniff } from "./sniff.ts";
import { proxyPage } from "./upload.ts";

/** A file below `dir`. What a path or a link leads to outside of it is answered as if it were not there. */
export async function mediaFile(dir: string | null, path: string): Promise<Answer> {
  const bytes = dir === null ? null : await readBelow(dir, path);
  if (bytes === null) return absent();
  return bytesAnswer(bytes, sniff(bytes)?.mimeType ?? "application/octet-stream");
}

async function readBelow(dir: string, path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const root = await realpath(dir);
    const file = await realpath(join(root, path));
    return file.startsWith(root + sep) ? new Uint8Array(await readFile(file)) : null;
  } catch {
    return null;
  }
}

export function generated(name: string): Answer {
  return bytesAnswer(picture(name), "image/png");
}

/** `/media/_/{what}[/{number}]`: a status, or one of the named misbehaviours. */
export async function hostile(
  what: string,
  number: string,
  query: URLSearchParams,
  closing: AbortSignal,
): Promise<Answer> {
  if (/^[1-5]\d\d$/.test(what)) return withStatus(Number(what), query.get("retryAfter"));
  switch (what) {
    case "html":
      return { ...proxyPage(404), status: 200 };
    case "empty":
      return bytesAnswer(new Uint8Array(0), "image/png");
    case "bytes":
      return bytesAnswer(paddedPicture(bounded(number, madeUpMaxBytes)), "image/png");
    case "redirect":
      return redirect(query.get("to") ?? "/media/_/404", Number(query.get("status") ?? 302));
    case "slow":
      await sleep(bounded(query.get("ms"), slowMaxMs), undefined, { signal: closing });
      return generated("slow");
    default:
      return absent();
  }
}

function withStatus(status: number, retryAfter: string | null): Answer {
  const answer = status >= 200 && status !== 404 ? textAnswer(`${status}\n`, status) : absent();
  return retryAfter === null
    ? answer
    : { ...answer, headers: { ...answer.headers, "Retry-After": retryAfter } };
}

function redirect(to: string, status: number): Answer {
  const answer = textAnswer("", [301, 302, 303, 307, 308].includes(status) ? status : 302);
  return { ...answer, headers: { ...answer.headers, Location: to } };
}

function absent(): Answer {
  return textAnswer("404 page not found\n", 404);
}

function bounded(number: string | null | undefined, most: number): number {
  return /^\d{1,12}$/.test(number ?? "") ? Math.min(Number(number), most) : 0;
}
