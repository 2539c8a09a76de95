/** The attack list, answers: over real sockets and the real fetch, from a host that may be asked but not believed. */
import { afterAll, describe, expect, test } from "vitest";
import { MB } from "../../../../shared/limits.ts";
import type { MediaContext } from "../../../../workers/consumer/media/fetch-media.ts";
import { bytes, fixture } from "../../../shared/media/fixtures.ts";
import { SVG_ATTACKS } from "../../../support/attack-svgs.ts";
import { mediaHosts, type Saying } from "../../../support/hostile.ts";
import { failureOf, fetchUrl, mediaOf, png, spooled } from "./asking.ts";
import { host } from "./host.ts";

const { hosts, all } = mediaHosts();
const [art] = hosts;
const MAX_BYTES = 3 * MB;

/** The real fetch, but to this machine only: everything else is caught. */
function context(given: Partial<MediaContext> = {}): MediaContext {
  const here: typeof fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (!all.split(",").includes(url.host)) throw new Error(`caught on its way to ${url.href}`);
    return fetch(input, init);
  };
  return host({}, { fetch: here, privateHosts: all.split(","), maxBytes: MAX_BYTES, ...given }).context;
}

afterAll(async () => {
  expect(await spooled(), "objects left in the spool").toBe(0);
});

/** One after the other: they share the host and what it may spend. */
async function failsAs(name: string, said: readonly Saying[], given: Partial<MediaContext> = {}) {
  const url = await art.say(`/${encodeURIComponent(name)}.png`, ...said);
  const failure = failureOf(await fetchUrl(context({ tries: 1, ...given }), url));
  return { failure, url };
}

describe("SVG", () => {
  test.each(SVG_ATTACKS)("%s", async (name, svg, says) => {
    const { failure } = await failsAs(`svg ${name}`, [
      { bytes: bytes(svg), headers: { "content-type": "image/png" } },
    ]);
    expect(failure).toMatchObject({ reason: "media_refused", code: "media.unsafe_svg" });
    expect(failure.message).toContain(says);
  });

  test("packed with gzip (SVGZ), and nobody says so", async () => {
    const packed = new Response(bytes(SVG_ATTACKS[0]?.[1] ?? "").slice()).body?.pipeThrough(
      new CompressionStream("gzip"),
    );
    const { failure } = await failsAs("svgz", [{ bytes: await new Response(packed).bytes() }]);
    expect(failure).toMatchObject({ code: "media.unknown_type", next: expect.stringContaining("svgz") });
    expect(failure.message).toContain("begins 1f 8b");
  });

  test("packed with gzip, and the host says so: read, and refused for what it holds", async () => {
    const { failure } = await failsAs("svg as gzip", [
      { bytes: bytes(SVG_ATTACKS[0]?.[1] ?? ""), encode: ["gzip"] },
    ]);
    expect(failure).toMatchObject({ code: "media.unsafe_svg" });
  });

  test("longer than an SVG may be", async () => {
    const { failure } = await failsAs("svg long", [{ bytes: bytes("<svg>"), ends: "endless" }]);
    expect(failure).toMatchObject({ code: "media.too_large", message: expect.stringContaining("SVG") });
  });
});

describe("too much", { timeout: 20_000 }, () => {
  const length = (said: number) => ({ headers: { "content-length": String(said) } });
  test.each<[string, Saying]>([
    ["oversize, and Content-Length says so", { bytes: png, ...length(MAX_BYTES + 1), ends: "hang" }],
    [
      "oversize, and Content-Length is all an integer holds",
      { bytes: png, ...length(2 ** 53 - 1), ends: "hang" },
    ],
    ["oversize without Content-Length", { bytes: png, zeros: 4 * MB }],
    ["endless body", { bytes: png, ends: "endless" }],
    ["gzip bomb, though identity was asked for", { bytes: png, zeros: 10 * MB, encode: ["gzip"] }],
    ["gzip bomb with a small Content-Length", { bytes: png, zeros: 10 * MB, encode: ["gzip"], sized: true }],
    ["brotli bomb", { bytes: png, zeros: 10 * MB, encode: ["br"], sized: true }],
  ])("%s", async (name, said) => {
    const { failure } = await failsAs(name, [said]);
    expect(failure).toMatchObject({ reason: "media_refused", code: "media.too_large", httpStatus: 200 });
  });
});

describe("tricks that end in nothing usable", { timeout: 20_000 }, () => {
  test.each<[string, Saying, string]>([
    [
      "gzip in gzip",
      { bytes: png, zeros: 10 * MB, encode: ["gzip", "gzip"], sized: true },
      "media.unknown_type",
    ],
    ["said to be gzip, and is not", { bytes: png, headers: { "content-encoding": "gzip" } }, "media.network"],
    [
      "an unknown encoding",
      { bytes: bytes("zzz"), headers: { "content-encoding": "exi" } },
      "media.unknown_type",
    ],
    [
      "a length longer than any number",
      { bytes: png, headers: { "content-length": "9".repeat(30) } },
      "media.network",
    ],
    ["no byte", {}, "media.empty"],
    ["a login page with status 200", { bytes: fixture("page.png") }, "media.html"],
    ["a part, though the whole was asked for", { status: 206, bytes: png }, "media.bad_status"],
    [
      "less than it said",
      { bytes: png, headers: { "content-length": "9999" }, ends: "cut" },
      "media.network",
    ],
    [
      "a program",
      { bytes: bytes("MZ\u0000\u0001 this program"), headers: { "content-type": "image/png" } },
      "media.unknown_type",
    ],
    [
      "an archive",
      { bytes: bytes("PK\u0003\u0004 nested"), headers: { "content-type": "image/png" } },
      "media.unknown_type",
    ],
  ])("%s", async (name, said, code) => {
    const { failure } = await failsAs(name, [said]);
    expect(failure.code).toBe(code);
  });
});

describe("too slow", { timeout: 20_000 }, () => {
  test.each<[string, Saying]>([
    ["accepts the connection and never answers", { ends: "silent" }],
    ["says the headers and no more", { ends: "hang" }],
    ["stops in the middle of a small body", { bytes: png.subarray(0, 40), ends: "hang" }],
    ["stops in the middle of a large body", { bytes: png, zeros: 2 * MB, ends: "hang" }],
    ["drips a byte at a time, never silent for long", { bytes: png, ends: "drip", everyMs: 20 }],
    ["drips behind a large beginning", { bytes: png, zeros: 2 * MB, ends: "drip", everyMs: 20 }],
  ])("%s", async (name, said) => {
    const before = Date.now();
    const { failure } = await failsAs(name, [said], { callTimeoutMs: 250, deadline: before + 500 });
    expect(failure).toMatchObject({ reason: "media_unavailable", code: "media.timeout" });
    expect(Date.now() - before).toBeLessThan(5_000);
  });

  test("redirects that each take their time share one patience", async () => {
    let now = 0;
    const slow = host(
      Object.fromEntries(
        [0, 1, 2, 3, 4].map((n) => [
          `https://hop${n}.example/`,
          () => {
            now += 200;
            return new Response(null, { status: 302, headers: { location: `https://hop${n + 1}.example/` } });
          },
        ]),
      ),
      { now: () => now, deadline: 500, tries: 1 },
    );
    expect(failureOf(await fetchUrl(slow.context, "https://hop0.example/"))).toMatchObject({
      code: "media.timeout",
    });
    expect(slow.requests).toHaveLength(3);
  });
});

describe("redirects", () => {
  const to = (location: string): Saying => ({ status: 302, headers: { location } });

  test("a ring of them ends after the fifth", async () => {
    const url = await art.say("/ring.png", to("/ring.png"));
    expect(failureOf(await fetchUrl(context(), url))).toMatchObject({ code: "media.too_many_redirects" });
    expect(await art.seen("/ring.png")).toBe(6);
  });

  test("one with an endless body is not read", async () => {
    await art.say("/target.png", { bytes: png });
    const url = await art.say("/heavy.png", { ...to("/target.png"), ends: "endless" });
    expect(mediaOf(await fetchUrl(context(), url)).bytes).toBe(png.length);
  });

  test.each<[string, string, string]>([
    ["to a longer address than any", `/${"a".repeat(9_000)}`, "media.url"],
    ["to nothing", "", "media.bad_redirect"],
    ["to itself without an end, in another case of the scheme", "HTTP://127.0.0.1:1/", "media.private"],
    ["from a host that may be asked to its other port", "http://127.0.0.1:6379/", "media.private"],
  ])("%s", async (name, location, code) => {
    const { failure } = await failsAs(name, [to(location)]);
    expect(failure.code).toBe(code);
  });

  test.each([5, 6])("a chain of %d over three hosts", async (hops) => {
    const end = await art.say("/chain-end.png", { bytes: png });
    let next = end;
    for (let n = hops; n > 0; n--) next = (await hosts[n % 3]?.say(`/chain-${hops}-${n}`, to(next))) ?? "";
    const got = await fetchUrl(context(), next);
    expect(got.ok ? got.value.bytes : got.error.code).toBe(
      hops === 5 ? png.length : "media.too_many_redirects",
    );
  });
});

test("names are never paths: what a host calls a file appears nowhere", async () => {
  const headers = { "content-disposition": 'attachment; filename="../../etc/passwd"' };
  const url = await art.say("/..%2f..%2fetc%2fpasswd.png", { bytes: png, headers });
  const media = mediaOf(await fetchUrl(context(), url));
  expect(media).toMatchObject({ extension: "png", bytes: png.length });
});
