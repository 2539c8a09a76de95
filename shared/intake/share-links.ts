/**
 * Pages that show a file in the place of the file: what Drive, Dropbox and GitHub put on the clipboard. Fetched,
 * they are HTML. The forms are those services' own, as their help pages and address bars show them. Pure.
 */
import { type ProblemText, quote } from "./problem.ts";

/** What is wrong with a link that shares, null for any other. */
export function shareLink(url: URL): ProblemText | null {
  const host = url.hostname.replace(/^www\./, "");
  if (host === "drive.google.com" || host === "docs.google.com") return drive(url);
  if (host === "dropbox.com") return dropbox(url);
  return host === "github.com" ? github(url) : null;
}

/** `/file/d/ID/view`, `/open?id=ID`, `/drive/folders/ID`; `/uc?export=download&id=ID` is the file. */
function drive(url: URL): ProblemText | null {
  if (/^\/(u\/\d+\/)?uc$/.test(url.pathname)) return null;
  const id =
    /^\/file\/(?:u\/\d+\/)?d\/([\w-]+)/.exec(url.pathname)?.[1] ??
    (/^\/(u\/\d+\/)?open$/.test(url.pathname) ? url.searchParams.get("id") : null);
  if (id) return page("Google Drive", url, `https://drive.google.com/uc?export=download&id=${id}`);
  return /\/folders\//.test(url.pathname) ? page("Google Drive", url, null) : null;
}

/** `/s/…` and `/scl/fi/…` are files, `/sh/…` and `/scl/fo/…` folders; `dl=1` or `raw=1` is the file itself. */
function dropbox(url: URL): ProblemText | null {
  if (url.searchParams.get("dl") === "1" || url.searchParams.get("raw") === "1") return null;
  if (/^\/(sh|scl\/fo)\//.test(url.pathname)) return page("Dropbox", url, null);
  if (!/^\/(s|scl\/fi)\//.test(url.pathname)) return null;
  const direct = new URL(url);
  direct.searchParams.delete("dl");
  direct.searchParams.set("raw", "1");
  return page("Dropbox", url, direct.href);
}

/** `/owner/name/blob/branch/path`; with `?raw=true`, or under `/raw/`, it is the file. */
function github(url: URL): ProblemText | null {
  const parts = /^\/([^/]+)\/([^/]+)\/(blob|tree)\/(.+)$/.exec(url.pathname);
  if (!parts || url.searchParams.get("raw") === "true" || url.searchParams.get("raw") === "1") return null;
  const [, owner, name, kind, path] = parts;
  return page(
    "GitHub",
    url,
    kind === "tree" ? null : `https://raw.githubusercontent.com/${owner}/${name}/${path}`,
  );
}

const page = (service: string, url: URL, direct: string | null): ProblemText => ({
  code: "row.media_share_link",
  message: `Expected the address of a file, got a ${direct ? "page" : "folder"} of ${service}: ${quote(url.href)}.`,
  next: direct
    ? `Write ${direct} instead, or download the file and submit it with --media.`
    : "Download the folder and submit it with --media, or write the address of each file.",
});
