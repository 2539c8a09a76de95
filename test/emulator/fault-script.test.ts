import { describe, expect, it } from "vitest";
import { FaultScript, type Occasion } from "../../emulator/fault-script.ts";
import { type FaultInput, faultSchema } from "../../emulator/faults.ts";
import { RateWindow } from "../../emulator/rate-window.ts";

const createToken: Occasion = {
  surface: "collections",
  method: "CreateToken",
  path: "/rpc/Collections/CreateToken",
  host: "127.0.0.1:9000",
  collectionId: 900,
  tokenId: "1",
  subject: "project",
};
const getToken: Occasion = { ...createToken, method: "GetToken", path: "/rpc/Collections/GetToken" };
const upload: Occasion = { ...createToken, surface: "upload", method: "UploadAsset", path: "/projects/1/…" };
const publicRead: Occasion = {
  ...createToken,
  surface: "publicRead",
  method: "PublicRead",
  subject: "public",
};
const media: Occasion = {
  ...publicRead,
  surface: "media",
  method: "Media",
  path: "/media/cup.png",
  tokenId: null,
};
const everything = [createToken, getToken, upload, publicRead, media];

function script(...faults: FaultInput[]): FaultScript {
  const made = new FaultScript("seed");
  made.add(
    faults.map((fault) => faultSchema.parse(fault)),
    0,
  );
  return made;
}

const struck = (faults: FaultScript, call: Occasion, nowMs = 0) =>
  faults.plan(call, nowMs).strike?.what.kind ?? null;
const met = (fault: FaultInput) =>
  everything.filter((call) => struck(script(fault), call)).map(({ method }) => method);

describe("which calls a fault meets", () => {
  it.each([
    ["everything but the media host", {}, ["CreateToken", "GetToken", "UploadAsset", "PublicRead"]],
    ["one method", { method: "GetToken" }, ["GetToken"]],
    ["several", { method: ["GetToken", "Media"] }, ["GetToken", "Media"]],
    ["what carries the key", { method: "Sequence" }, ["CreateToken", "GetToken", "UploadAsset"]],
    ["writes", { method: "Write" }, ["CreateToken", "UploadAsset"]],
    ["all", { method: "Any" }, ["CreateToken", "GetToken", "UploadAsset", "PublicRead", "Media"]],
    ["a token", { tokenId: "1" }, ["CreateToken", "GetToken", "UploadAsset", "PublicRead"]],
    ["other tokens", { tokenIds: ["2", "3"] }, []],
    ["another collection", { collectionId: 901 }, []],
    ["a host with its port", { host: "127.0.0.1:9000", method: "Media" }, ["Media"]],
    ["a host without", { host: "127.0.0.1", method: "Media" }, ["Media"]],
    ["another host", { host: "cdn.example", method: "Any" }, []],
    ["a path", { pathIncludes: "cup", method: "Media" }, ["Media"]],
  ])("%s", (_what, where, methods) => {
    expect(met({ where, what: { kind: "closeBefore" } })).toEqual(methods);
  });

  it("faults of the key meet only what carries it; a read-only key only writes", () => {
    for (const kind of ["refusedKey", "expiredKey", "spentQuota"] as const) {
      expect(met({ what: { kind } })).toEqual(["CreateToken", "GetToken", "UploadAsset"]);
    }
    expect(met({ what: { kind: "readOnlyKey" } })).toEqual(["CreateToken", "UploadAsset"]);
  });
});

describe("how often a fault strikes", () => {
  it("the first `times`, then no more", () => {
    const faults = script({ id: "f", what: { kind: "closeBefore" }, times: 2 });
    expect([1, 2, 3].map(() => struck(faults, createToken))).toEqual(["closeBefore", "closeBefore", null]);
    expect(faults.list()).toMatchObject([{ id: "f", met: 2, struck: 2 }]);
  });

  it("until a moment, or for so long", () => {
    const faults = script(
      { what: { kind: "closeBefore" }, untilMs: 100 },
      { what: { kind: "closeAfter" }, forMs: 200 },
    );
    expect([99, 100, 199, 200].map((nowMs) => struck(faults, createToken, nowMs))).toEqual([
      "closeBefore",
      "closeAfter",
      "closeAfter",
      null,
    ]);
  });

  it("a seeded share: the same calls in every run, whatever their order", () => {
    const draw = (order: (ids: string[]) => string[]) => {
      const faults = script({ id: "quarter", what: { kind: "closeBefore" }, probability: 0.25 });
      const ids = order(Array.from({ length: 4_000 }, (_, id) => String(id)));
      return ids.filter((tokenId) => struck(faults, { ...createToken, tokenId })).sort();
    };
    const first = draw((ids) => ids);
    expect(first.length).toBeGreaterThan(900);
    expect(first.length).toBeLessThan(1_100);
    expect(draw((ids) => ids.reverse())).toEqual(first);
  });

  it("draws anew for the same call again, and for another seed", () => {
    const draws = (seed: string) => {
      const faults = script({ id: "half", what: { kind: "closeBefore" }, probability: 0.5 });
      faults.reseed(seed);
      return Array.from({ length: 64 }, () => struck(faults, createToken) !== null).join();
    };
    expect(new Set(draws("a").split(","))).toEqual(new Set(["true", "false"]));
    expect(draws("a")).toBe(draws("a"));
    expect(draws("a")).not.toBe(draws("b"));
  });
});

describe("what a plan holds", () => {
  it("the sum of all waits, and the first fault that decides", () => {
    const faults = script(
      { what: { kind: "latency", ms: 5 } },
      { what: { kind: "closeAfter" } },
      { what: { kind: "nullBody" } },
      { what: { kind: "latency", ms: 7 } },
    );
    expect(faults.plan(createToken, 0)).toMatchObject({
      delayMs: 12,
      strike: { what: { kind: "closeAfter" } },
    });
  });

  it("jitter within its bounds, and one slow call in so many", () => {
    const faults = script({ what: { kind: "latency", ms: 10, jitterMs: 5, slowOneIn: 100, slowMs: 1_000 } });
    const delays = Array.from(
      { length: 5_000 },
      (_, id) => faults.plan({ ...createToken, tokenId: `${id}` }, 0).delayMs,
    );
    const slow = delays.filter((ms) => ms >= 1_000);
    expect(slow.length).toBeGreaterThan(25);
    expect(slow.length).toBeLessThan(90);
    expect(delays.every((ms) => ms % 1_000 >= 10 && ms % 1_000 < 15)).toBe(true);
  });

  it("nothing while no fault is set, or after all are removed", () => {
    const faults = script({ id: "a", what: { kind: "closeBefore" } }, { what: { kind: "nullBody" } });
    expect(faults.remove("a")).toBe(1);
    expect(struck(faults, createToken)).toBe("nullBody");
    expect(faults.remove()).toBe(1);
    expect(faults.plan(createToken, 0)).toEqual({ delayMs: 0, headers: {}, strike: null });
  });

  it("a fault given again under its id takes the old one's place", () => {
    const faults = script({ id: "a", what: { kind: "closeBefore" } });
    faults.add([faultSchema.parse({ id: "a", what: { kind: "nullBody" } })], 0);
    expect(faults.list()).toHaveLength(1);
    expect(struck(faults, createToken)).toBe("nullBody");
  });
});

describe("rate limits", () => {
  const minute = { kind: "rateLimit", perMinute: 3 } as const;

  it("refuse above N, with the middleware's headers and the window as Retry-After", () => {
    const faults = script({ id: "r", what: minute });
    const plans = [1, 2, 3, 4].map(() => faults.plan(createToken, 120_000));
    expect(plans.map(({ headers }) => headers["Credits-Rate-Remaining"])).toEqual(["2", "1", "0", "0"]);
    expect(plans[0]).toMatchObject({
      strike: null,
      headers: { "Credits-Rate-Limit": "3", "Credits-Rate-Reset": "180" },
    });
    expect(plans[3]?.strike).toEqual({
      id: "r",
      what: { kind: "rateLimit", error: "QuotaRateLimit", retryAfterSeconds: 60 },
    });
  });

  it("keep the limit to themselves where the headers are off", () => {
    const faults = script({ what: { kind: "rateLimit", perSecond: 1, headers: false } });
    const plans = [1, 2].map(() => faults.plan(createToken, 0));
    expect(plans.map(({ headers }) => headers)).toEqual([{}, {}]);
    expect(plans[1]?.strike).toMatchObject({ what: { kind: "rateLimit", retryAfterSeconds: 1 } });
  });

  it("count the project and the public apart", () => {
    const faults = script({ what: { kind: "rateLimit", perSecond: 1 } });
    expect([createToken, publicRead, upload].map((call) => struck(faults, call))).toEqual([
      null,
      null,
      "rateLimit",
    ]);
  });

  it("may change under the same id while calls of the window stay counted", () => {
    const faults = script({ id: "r", what: { kind: "rateLimit", perSecond: 2 } });
    expect([struck(faults, createToken), struck(faults, createToken)]).toEqual([null, null]);
    faults.add(
      [faultSchema.parse({ id: "r", what: { kind: "rateLimit", perSecond: 3, retryAfterSeconds: null } })],
      0,
    );
    expect([struck(faults, createToken), struck(faults, createToken)]).toEqual([null, "rateLimit"]);
  });

  it("slide: the share of the last window that is still covered counts", () => {
    const window = new RateWindow();
    const allowed = (nowMs: number, calls: number) =>
      Array.from({ length: calls }, () => window.take(100, 1_000, nowMs)).filter((verdict) => verdict.allowed)
        .length;
    expect(allowed(900, 150)).toBe(100);
    expect(allowed(1_000, 50)).toBe(0);
    expect(allowed(1_500, 100)).toBe(50);
    expect(allowed(5_000, 150)).toBe(100);
  });

  it("never let more than N through a second, and nearly N, under steady pressure", () => {
    const window = new RateWindow();
    const passed: number[] = [];
    for (let nowMs = 0; nowMs < 10_000; nowMs += 2)
      if (window.take(100, 1_000, nowMs).allowed) passed.push(nowMs);
    for (let start = 1_000; start < 9_000; start += 50) {
      expect(passed.filter((at) => at >= start && at < start + 1_000).length).toBeLessThanOrEqual(110);
    }
    expect(passed.length).toBeGreaterThan(950);
  });
});

describe("what cannot be a fault", () => {
  it.each([
    { what: { kind: "rateLimit" } },
    { what: { kind: "rateLimit", perSecond: 1, perMinute: 1 } },
    { what: { kind: "outage", as: "refused" } },
    { what: { kind: "refuse", error: "Nonsense" } },
    { what: { kind: "closeBefore" }, time: 3 },
  ])("%j", (fault) => {
    expect(faultSchema.safeParse(fault).success).toBe(false);
  });
});
