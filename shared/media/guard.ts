/**
 * Whether Mintline may ask this address for media. A URL in a stranger's spreadsheet is an attack until proven
 * otherwise: in production Cloudflare's network reaches public addresses only, but locally workerd reaches
 * everything, and a host name may mean something inside. Pure, so that it judges a cell at validation, and
 * again the URL and each redirect before a request leaves.
 */
import { fail, ok, type Result } from "../result.ts";
import { addressOf, embeddedAddress, isPublicAddress, meansInside } from "./hosts.ts";
import type { MediaRefusal } from "./kinds.ts";

/** Cloudflare takes URLs up to 16 KB; nobody's picture needs half of it. */
const URL_MAX_CHARS = 8_000;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };
/** Ports below this belong to mail, shells and file shares; a web server sits on 80, 443 or above. */
const FIRST_FREE_PORT = 1024;

/**
 * The URL to fetch, or why not. Codes: `row.media_url`, `row.media_scheme`, `row.media_credentials`,
 * `row.media_private`, `row.media_ip`, `row.media_port`.
 * @param privateHosts `host:port` entries that may be fetched from although private.
 */
export function checkMediaUrl(url: string, privateHosts: readonly string[]): Result<URL, MediaRefusal> {
  const parsed = isTooLong(url) || hasControl(url) ? null : URL.parse(url);
  if (parsed === null) return fail(notUrl(url));
  if (!(parsed.protocol in DEFAULT_PORTS)) return fail(scheme(parsed.protocol, url));
  // `https:host`, `https:\\host` and `https://a\@b` are mended by the parser; nobody who means well writes them.
  if (!/^https?:\/\/[^/\\?#]+(?:[/?#]|$)/i.test(url)) return fail(notUrl(url));
  if (parsed.username !== "" || parsed.password !== "") return fail(credentials(parsed));
  if (privateHosts.some((entry) => hostPort(entry) === hostPortOf(parsed))) return ok(parsed);
  const refusal = refuseHost(parsed) ?? refusePort(parsed);
  return refusal ? fail(refusal) : ok(parsed);
}

export const isTooLong = (url: string): boolean => url.length > URL_MAX_CHARS;

function refuseHost(url: URL): MediaRefusal | null {
  const host = bareHost(url);
  const address = addressOf(host);
  if (address !== null) {
    return isPublicAddress(address) ? literal(url) : isPrivate(url, `the address ${address.toString()}`);
  }
  const inside = meansInside(host);
  if (inside !== null) return isPrivate(url, inside);
  const embedded = embeddedAddress(host);
  return embedded ? isPrivate(url, `a name that stands for ${embedded}`) : null;
}

function refusePort(url: URL): MediaRefusal | null {
  const port = url.port === "" ? null : Number(url.port);
  if (port === null || port === 80 || port === 443 || port >= FIRST_FREE_PORT) return null;
  return {
    code: "row.media_port",
    message: `Expected a web server's port, got port ${port} in ${show(url.href)}.`,
    next: "Use port 443, 80 or one from 1024, or put the file into a media set.",
  };
}

/** `URL` has made one notation of all: decimal, octal, hex, full-width and percent-encoded hosts end here. */
const bareHost = (url: URL): string => url.hostname.replace(/\.+$/, "").toLowerCase();

const hostPortOf = (url: URL): string => `${bareHost(url)}:${url.port || DEFAULT_PORTS[url.protocol]}`;

/** An entry of `MEDIA_PRIVATE_HOSTS` in the same form, so that `[0:0::1]:80` opens `http://[::1]`. */
function hostPort(entry: string): string | null {
  const url = URL.parse(`http://${entry}`);
  return url && /:\d+$/.test(entry) ? hostPortOf(url) : null;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for; URL parsers drop tab and newline silently.
const hasControl = (text: string): boolean => /[\u0000-\u001f\u007f]/.test(text);

/** For messages: cut, and without what stands before an `@`, which is a secret. */
export function show(url: string): string {
  const clean = url.replace(/\/\/[^/@]*@/, "//…@");
  return clean.length > 200 ? `${clean.slice(0, 200)}…` : clean;
}

const notUrl = (url: string): MediaRefusal => ({
  code: "row.media_url",
  message: `Expected a URL such as https://example.com/1.png, got "${show(url)}".`,
  next: "Write the whole address, beginning with https://, or the name of a file in the media set.",
});

const scheme = (protocol: string, url: string): MediaRefusal => ({
  code: "row.media_scheme",
  message: `Expected https: or http:, got ${protocol} in "${show(url)}".`,
  next: "Use an https, ipfs or ar address, or put the file into a media set.",
});

const credentials = (url: URL): MediaRefusal => ({
  code: "row.media_credentials",
  message: `Expected a URL without user name and password, got one for ${url.host}.`,
  next: "Remove what stands before the @, or put the file into a media set.",
});

const isPrivate = (url: URL, what: string): MediaRefusal => ({
  code: "row.media_private",
  message: `Expected a public host, got ${what} in ${show(url.href)}.`,
  next: "Use a public address or a media set; an operator can allow one private host:port with MEDIA_PRIVATE_HOSTS.",
});

const literal = (url: URL): MediaRefusal => ({
  code: "row.media_ip",
  message: `Expected a host name, got an IP address in ${show(url.href)}; Cloudflare Workers cannot fetch from one.`,
  next: "Use the host's name, or put the file into a media set.",
});
