/**
 * Which hosts are ours to leave alone: addresses that are not public, names that mean something inside a
 * network, and names made to resolve there. Takes hosts as `URL` spells them, without trailing dots. No I/O:
 * a name that its owner points at a private address cannot be seen from here, only met at the network.
 */
import ipaddr from "ipaddr.js";

type Address = ReturnType<typeof ipaddr.parse>;

/** The IP address that a URL's host is, or null for a name. */
export function addressOf(host: string): Address | null {
  // Most hosts are names, and ipaddr.js finds that out by throwing: 15 µs each, in files of a million rows.
  if (!/^(\[|[0-9.]+$)/.test(host)) return null;
  const text = host.startsWith("[") ? host.slice(1, -1) : host;
  return ipaddr.isValid(text) && (host.startsWith("[") || ipaddr.IPv4.isValidFourPartDecimal(text))
    ? ipaddr.parse(text)
    : null;
}

const GLOBAL_IPV6: [ReturnType<typeof ipaddr.IPv6.parse>, number] = [ipaddr.IPv6.parse("2000::"), 3];

/**
 * Public means: listed nowhere as anything else. Of IPv6 only 2000::/3 is handed out at all, so loopback,
 * mapped, NAT64, site-local and IPv4-compatible addresses need no list of their own; 6to4 and Teredo carry
 * an IPv4 address inside and count as not public, whatever it is.
 */
export function isPublicAddress(address: Address): boolean {
  if (address.range() !== "unicast") return false;
  return address.kind() === "ipv4" || address.match(GLOBAL_IPV6);
}

/** RFC 6761, 6762, 7686, 8375, 9476, ICANN's `.internal`, Kubernetes, Consul, and what routers and offices use. */
const INSIDE_SUFFIXES = [
  "localhost",
  "localdomain",
  "localdomain4",
  "localdomain6",
  "local",
  "test",
  "invalid",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "arpa",
  "svc",
  "cluster.local",
  "consul",
  "fritz.box",
  "onion",
  "alt",
];

/** Public names that resolve to the machine itself, or to whatever address they spell. */
const WILDCARD_SUFFIXES = [
  "nip.io",
  "sslip.io",
  "xip.io",
  "xip.name",
  "ip6.name",
  "ip.addr.tools",
  "local-ip.co",
  "local-ip.sh",
  "local.gd",
  "localho.st",
  "localhost.direct",
  "localtest.me",
  "lcl.host",
  "lvh.me",
  "fuf.me",
  "vcap.me",
  "lacolhost.com",
  "traefik.me",
  "1u.ms",
  "rbndr.us",
];

/** Cloud metadata under a public top-level domain; the others are single labels, `.internal` or addresses. */
const METADATA_HOSTS = [
  "metadata.goog",
  "metadata.tencentyun.com",
  "metadata.packet.net",
  "metadata.platformequinix.com",
];

/** What an inside name is, in words for a message; null for a name that looks public. */
export function meansInside(host: string): string | null {
  const under = (suffix: string): boolean => host === suffix || host.endsWith(`.${suffix}`);
  if (host === "" || host.split(".").includes("")) return "an empty host label";
  if (METADATA_HOSTS.some(under)) return `the metadata host ${host}`;
  if (INSIDE_SUFFIXES.some(under)) return `the inside name ${host}`;
  if (WILDCARD_SUFFIXES.some(under)) return `the wildcard name ${host}`;
  return host.includes(".") ? null : `the single-label name ${host}`;
}

/** `0-1-2-3` in a name is somebody's version number; these four are somebody's network. */
const EMBEDDED_RANGES: readonly string[] = ["loopback", "private", "linkLocal", "carrierGradeNat"];

/** In hex or as one number an address looks like any hash or id: only the two that everybody aims at count. */
const ONE_NUMBER: Readonly<Record<string, string>> = {
  "7f000001": "127.0.0.1",
  "0x7f000001": "127.0.0.1",
  "2130706433": "127.0.0.1",
  a9fea9fe: "169.254.169.254",
  "0xa9fea9fe": "169.254.169.254",
  "2852039166": "169.254.169.254",
};

/** The private address that a name spells (`10.0.0.1.example.com`, `app-192-168-0-1.example.com`), or null. */
export function embeddedAddress(host: string): string | null {
  for (const word of host.split(/[.-]/)) if (Object.hasOwn(ONE_NUMBER, word)) return ONE_NUMBER[word] ?? null;
  for (const match of host.matchAll(/(?<![0-9])(?=((?:[0-9]{1,3}[.-]){3}[0-9]{1,3})(?![0-9]))/g)) {
    const text = (match[1] ?? "").replaceAll("-", ".");
    if (!ipaddr.IPv4.isValidFourPartDecimal(text)) continue;
    if (text === "0.0.0.0" || EMBEDDED_RANGES.includes(ipaddr.parse(text).range())) return text;
  }
  return null;
}
