import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkMediaUrl } from "../../../shared/media/guard.ts";

const codeOf = (url: string, privateHosts: readonly string[] = []): string => {
  const checked = checkMediaUrl(url, privateHosts);
  return checked.ok ? "ok" : checked.error.code;
};

describe("private addresses, in every notation", () => {
  test.each([
    // loopback
    "http://127.0.0.1/a.png",
    "https://127.0.0.1:8443/a.png",
    "http://127.255.255.254/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0177.0x0.0.1/",
    "http://127.0.0.1./",
    "http://127.0.0.1../",
    "http://%31%32%37.0.0.1/",
    "http://127%2e0%2e0%2e1/",
    "http://１２７.０.０.１/",
    "http://127。0。0。1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127.0.0.1/?x=https://example.com",
    "http://127.0.0.1#@example.com/",
    // this host, private, carrier, link-local and metadata
    "http://0.0.0.0/",
    "http://0/",
    "http://10.0.0.1/",
    "http://167772161/",
    "http://0xa.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://0xc0a80001/",
    "http://100.64.0.1/",
    "http://100.100.100.200/latest/meta-data/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://192.0.0.192/opc/v2/",
    // multicast, broadcast, documentation, benchmarking, reserved
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.7/",
    "http://203.0.113.9/",
    "http://192.88.99.1/",
    "http://240.0.0.1/",
    // IPv6
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[0000::0001]:80/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a00:1::1]/",
    "http://[2001:0:1::1]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[100::1]/",
    "http://[5f00::1]/",
  ])("%s", (url) => {
    expect(codeOf(url)).toBe("row.media_private");
  });
});

describe("names that mean something inside", () => {
  test.each([
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://a.localhost/",
    "http://localhost.localdomain/",
    "http://printer.local/",
    "http://art.local./",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://metadata.goog/",
    "http://metadata/",
    "http://instance-data/latest/",
    "http://kubernetes/",
    "http://kubernetes.default.svc/",
    "http://api.default.svc.cluster.local/",
    "http://wiki.intranet/",
    "http://nas.lan/",
    "http://router.home/",
    "http://router.home.arpa/",
    "http://git.corp/",
    "http://hidden.onion/",
    "http://a..example.com/",
    "http://127.0.0.1.nip.io/",
    "http://7f000001.nip.io/",
    "http://app-10-0-0-1.sslip.io/",
    "http://localtest.me/",
    "http://any.lvh.me/",
    "http://a9fea9fe.7f000001.rbndr.us/",
    "http://10.0.0.1.example.com/",
    "http://x.192.168.1.1.example.com/",
    "http://www-127-0-0-1.example.com/",
    "http://169-254-169-254.example.com/",
  ])("%s", (url) => {
    expect(codeOf(url)).toBe("row.media_private");
  });
});

describe("odd forms", () => {
  test.each([
    ["ftp://example.com/a.png", "row.media_scheme"],
    ["file:///etc/passwd", "row.media_scheme"],
    ["gopher://127.0.0.1:6379/_INFO", "row.media_scheme"],
    ["javascript:alert(1)", "row.media_scheme"],
    ["ipfs://bafy/1.png", "row.media_scheme"],
    ["ar://abc", "row.media_scheme"],
    ["data:image/png;base64,iVBO", "row.media_scheme"],
    ["https://user:secret@example.com/a.png", "row.media_credentials"],
    ["https://user@example.com/a.png", "row.media_credentials"],
    ["https://example.com@127.0.0.1/", "row.media_credentials"],
    ["https://example.com\\@127.0.0.1/", "row.media_url"],
    ["https:example.com/a.png", "row.media_url"],
    ["https:/example.com/a.png", "row.media_url"],
    ["https:///example.com/a.png", "row.media_url"],
    ["https:\\\\example.com\\a.png", "row.media_url"],
    ["https://exa\tmple.com/", "row.media_url"],
    ["https://example.com/\n1.png", "row.media_url"],
    ["https://", "row.media_url"],
    ["https://exa mple.com/", "row.media_url"],
    ["https://example.com:99999/", "row.media_url"],
    ["https://[::1/", "row.media_url"],
    ["http://[fe80::1%25eth0]/", "row.media_url"],
    ["http://127.0.0.256/", "row.media_url"],
    ["//example.com/a.png", "row.media_url"],
    ["1.png", "row.media_url"],
    ["", "row.media_url"],
    [`https://example.com/${"a".repeat(8_000)}`, "row.media_url"],
    ["https://example.com:22/", "row.media_port"],
    ["http://example.com:25/", "row.media_port"],
    ["http://93.184.216.34/a.png", "row.media_ip"],
    ["http://0x5db8d822/a.png", "row.media_ip"],
    ["http://[2606:4700:4700::1111]/a.png", "row.media_ip"],
  ])("%s is %s", (url, code) => {
    expect(codeOf(url)).toBe(code);
  });
});

test.each([
  "https://example.com/1.png",
  "http://example.com/1.png",
  "HTTPS://EXAMPLE.COM/1.PNG",
  "https://example.com:8443/a b/ü.png?x=1#top",
  "https://bücher.example/1.png",
  "https://cdn.example.com./1.png",
  "https://v1-2-3-4.example.com/1.png",
  "https://0-1-2-3.example.com/1.png",
  "https://8.8.8.8.example.com/1.png",
  "https://local.example.com/1.png",
  "https://internal-assets.example.com/1.png",
  "https://homelan.example/1.png",
])("%s may be fetched", (url) => {
  expect(codeOf(url)).toBe("ok");
});

describe("MEDIA_PRIVATE_HOSTS", () => {
  test.each([
    ["http://127.0.0.1:8790/a.png", "127.0.0.1:8790"],
    ["http://2130706433:8790/a.png", "127.0.0.1:8790"],
    ["http://localhost/a.png", "localhost:80"],
    ["https://localhost/a.png", "localhost:443"],
    ["http://localhost.:8790/a.png", "localhost:8790"],
    ["http://[::1]:8790/a.png", "[0:0:0:0:0:0:0:1]:8790"],
    ["http://art:22/a.png", "art:22"],
  ])("opens %s for %s", (url, entry) => {
    expect(codeOf(url, ["other:1", entry])).toBe("ok");
  });

  test.each([
    ["http://127.0.0.1:8791/a.png", "127.0.0.1:8790"],
    ["http://127.0.0.1/a.png", "127.0.0.1"],
    ["http://127.0.0.2:8790/a.png", "127.0.0.1:8790"],
    ["http://localhost:8790/a.png", "127.0.0.1:8790"],
    ["http://x.localhost:8790/a.png", "localhost:8790"],
    ["https://localhost/a.png", "localhost:80"],
    ["http://169.254.169.254/", "127.0.0.1:8790"],
  ])("does not open %s for %s", (url, entry) => {
    expect(codeOf(url, [entry])).toBe("row.media_private");
  });

  test("opens no other scheme and no credentials", () => {
    expect(codeOf("ftp://127.0.0.1:8790/", ["127.0.0.1:8790"])).toBe("row.media_scheme");
    expect(codeOf("http://a:b@127.0.0.1:8790/", ["127.0.0.1:8790"])).toBe("row.media_credentials");
  });
});

test("a refusal says what was expected, what came and what to do, and never a password", () => {
  for (const url of [
    "ftp://bob:hunter2@example.com/",
    "https://bob:hunter2@example.com/",
    "x://bob:hunter2@",
  ]) {
    const checked = checkMediaUrl(url, []);
    if (checked.ok) throw new Error("let through");
    expect(JSON.stringify(checked.error)).not.toContain("hunter2");
  }
  const refused = checkMediaUrl("http://2130706433/a.png", []);
  expect(refused).toEqual({
    ok: false,
    error: {
      code: "row.media_private",
      message: "Expected a public host, got the address 127.0.0.1 in http://127.0.0.1/a.png.",
      next: "Use a public address or a media set; an operator can allow one private host:port with MEDIA_PRIVATE_HOSTS.",
    },
  });
});

describe("no IP address gets through, whatever it is and however it is written", () => {
  const number = (radix: number, prefix: string) => (value: number) => prefix + value.toString(radix);
  const NOTATIONS = [number(10, ""), number(16, "0x"), number(16, "0X00"), number(8, "0"), number(8, "000")];
  const notation = fc.constantFrom(...NOTATIONS);
  /** One to four parts, the last one holding what is left. */
  const written = fc
    .tuple(
      fc.nat(2 ** 32 - 1),
      fc.integer({ min: 1, max: 4 }),
      fc.array(notation, { minLength: 4, maxLength: 4 }),
    )
    .map(([address, parts, notations]) => {
      const bytes = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
      const last = bytes.slice(parts - 1).reduce((sum, byte) => sum * 256 + byte, 0);
      return [...bytes.slice(0, parts - 1), last]
        .map((value, nth) => notations[nth]?.(value) ?? "")
        .join(".");
    });
  const wide = (text: string) =>
    text.replace(/[0-9]/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
  const percent = (text: string) => text.replace(/[0-9]/g, (digit) => `%3${digit}`);
  const dressed = fc.constantFrom(
    (host: string) => host,
    (host: string) => `${host}.`,
    wide,
    percent,
    (host: string) => host.replaceAll(".", "\u3002"),
  );
  const refused = ["row.media_private", "row.media_ip"];

  test("IPv4", () => {
    void fc.assert(
      fc.property(written, dressed, fc.constantFrom("", ":8080"), (host, dress, port) => {
        expect(refused).toContain(codeOf(`http://${dress(host)}${port}/1.png`));
      }),
      { numRuns: 2_000 },
    );
  });

  test("IPv6, also around an IPv4 address", () => {
    const around = fc.constantFrom(
      "::ffff:",
      "::",
      "64:ff9b::",
      "::ffff:0:",
      "2002:",
      "fe80::",
      "2606:4700::",
    );
    void fc.assert(
      fc.property(around, fc.ipV4(), fc.boolean(), (prefix, inner, dotted) => {
        const [a = 0, b = 0, c = 0, d = 0] = inner.split(".").map(Number);
        const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
        const tail = prefix === "2002:" ? `${hex}::` : dotted ? inner : hex;
        expect(refused).toContain(codeOf(`http://[${prefix}${tail}]/`));
      }),
    );
    void fc.assert(
      fc.property(fc.ipV6(), (host) => {
        expect(refused).toContain(codeOf(`http://[${host}]/`));
      }),
    );
  });
});
