/**
 * The attack list, addresses: each is refused in a cell, in a job and behind redirects. Every fetch ends in this
 * file: what the guard let through would be counted here, and would not leave.
 */
import { afterAll, describe, expect, test, vi } from "vitest";
import { checkMediaSource } from "../../../../shared/media/sources.ts";
import { ADDRESS_ATTACKS, ONLY_IN_CELLS } from "../../../support/attack-addresses.ts";
import { db, deliver, emulatorIn, queuedBatch } from "../../../support/consumer.ts";
import { trap } from "../../../support/hostile.ts";
import { argsOf, readJobs } from "../../../support/rows.ts";
import { failureOf, fetchUrl, URL_1 } from "./asking.ts";
import { host, redirect } from "./host.ts";

describe("in a cell, at validation", () => {
  test.each([...ADDRESS_ATTACKS, ...ONLY_IN_CELLS])("%s", (_, url, code) => {
    const checked = checkMediaSource(url, []);
    expect(checked.ok ? checked.value : checked.error.code).toBe(`row.media_${code}`);
    expect(JSON.stringify(checked)).not.toContain("secret");
  });
});

describe("in a job: no request leaves", () => {
  test.each([...ADDRESS_ATTACKS, ...ONLY_IN_CELLS.filter(([, url]) => /^https?:/.test(url))])(
    "%s",
    async (_, url, code) => {
      const { context, requests, asked } = host({});
      const failure = failureOf(await fetchUrl(context, url));
      expect(failure).toMatchObject({ reason: "media_refused", code: `media.${code}`, httpStatus: null });
      expect([requests, asked()]).toEqual([[], 0]);
    },
  );
});

/** A header carries ASCII only. */
const asHeader = (url: string): string => url.replace(/[^ -~]/gu, encodeURIComponent);

describe("behind a redirect, the first and the fifth: no request leaves for it", () => {
  const hop = (n: number) => `https://hop${n}.example/`;
  const chain = Object.fromEntries([1, 2, 3].map((n) => [hop(n), redirect(hop(n + 1))]));

  test.each(ADDRESS_ATTACKS)("%s", async (_, url, code) => {
    const to = redirect(asHeader(url));
    const first = host({ [URL_1]: to });
    expect(failureOf(await fetchUrl(first.context))).toMatchObject({
      reason: "media_refused",
      code: `media.${code}`,
      evidence: { hop: 1, status: null },
    });
    expect(first.requests).toEqual([URL_1]);
    const fifth = host({ [URL_1]: redirect(hop(1)), ...chain, [hop(4)]: to });
    expect(failureOf(await fetchUrl(fifth.context))).toMatchObject({
      code: `media.${code}`,
      evidence: { hop: 5 },
    });
    expect(fifth.requests).toEqual([URL_1, hop(1), hop(2), hop(3), hop(4)]);
  });
});

describe("this machine, in every notation, over the real fetch: a listener hears nobody", () => {
  const { port, connections } = trap();
  const NAMES = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "127.0.0.1.",
    "%31%32%37.0.0.1",
    "１２７.０.０.１",
    "127。0。0。1",
    "0.0.0.0",
    "0",
    "localhost",
    "LOCALHOST",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "user:pass@127.0.0.1",
    "art.example@127.0.0.1",
  ];

  /** Through to this machine and nowhere else, whatever the guard would let pass; no name that a resolver is asked. */
  const onlyHere: typeof fetch = (input, init) => {
    const { hostname } = new URL(input instanceof Request ? input.url : input);
    if (!/^(127\.|0\.0\.0\.0$|localhost$|\[::ffff:7f00:1\]$)/.test(hostname))
      throw new Error(`left for ${hostname}`);
    return fetch(input, init);
  };
  let heard = 0;

  test("it hears who does connect", async () => {
    await onlyHere(`http://127.0.0.1:${port}/`).catch(() => undefined);
    await onlyHere(`http://2130706433:${port}/`).catch(() => undefined);
    heard = await connections();
    expect(heard).toBeGreaterThanOrEqual(2);
  });

  test.each(NAMES)("%s", async (name) => {
    const { context } = host({}, { fetch: onlyHere, callTimeoutMs: 500 });
    const failure = failureOf(await fetchUrl(context, `http://${name}:${port}/1.png`));
    expect(["media.private", "media.credentials"]).toContain(failure.code);
    const behind = host({ [URL_1]: redirect(asHeader(`http://${name}:${port}/`)) });
    const both: typeof fetch = (input, init) =>
      String(input) === URL_1 ? behind.context.fetch(input, init) : onlyHere(input, init);
    failureOf(await fetchUrl({ ...behind.context, fetch: both }, URL_1));
    expect(await connections()).toBe(heard);
  });
});

describe("through the whole consumer", () => {
  afterAll(() => vi.restoreAllMocks());

  test("each row is buried with its reason, nothing is asked of anybody, no token is made", async () => {
    const emulator = emulatorIn();
    const { id, keys, collectionId } = await queuedBatch({
      rows: ADDRESS_ATTACKS.length,
      args: (line) => argsOf(line, ADDRESS_ATTACKS[line - 2]?.[1]),
    });
    const asked: string[] = [];
    const real = globalThis.fetch;
    const caught = vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      asked.push(url);
      if (new URL(url).host !== emulator.host) throw new Error(`caught on its way to ${url}`);
      return real(input, init);
    });
    // Where the guard fails, so that no message keeps the run alive.
    const JOBS = { sendBatch: async () => undefined } as never;
    await deliver(keys, { variables: { MEDIA_PRIVATE_HOSTS: "" }, env: { JOBS } });
    caught.mockRestore();
    expect(asked).toEqual([]);
    const codes = (await readJobs(db, id)).map(({ error, state }) => [state, JSON.parse(String(error)).code]);
    expect(codes).toEqual(ADDRESS_ATTACKS.map(([, , code]) => ["dead", `media.${code}`]));
    expect(await emulator.calls(collectionId)).toEqual([]);
  });
});
