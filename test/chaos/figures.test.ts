/** What the fault runs measure with: they must see what is wrong, or a green table would mean nothing. */
import { describe, expect, it } from "vitest";
import { FaultScript } from "../../emulator/fault-script.ts";
import { faultSchema } from "../../emulator/faults.ts";
import type { CallFact } from "../../shared/invariants/facts.ts";
import { violation } from "../../shared/invariants/violation.ts";
import { asSubmitted } from "./as-submitted.ts";
import { bySecond, foundAfterSeconds, refusedShare, repeats, usedShare } from "./calls.ts";
import { dice, pick } from "./dice.ts";
import { isGood, jsonOf, type Outcome, tableOf } from "./outcome.ts";
import { passingFaults } from "./passing-faults.ts";
import { hashAt, makeFile } from "./rows.ts";
import { atLeast, atMost, exactly, type Run, type Shown, told } from "./run.ts";

const call = (given: Partial<CallFact>): CallFact => ({
  id: 1,
  at: 0,
  surface: "collections",
  method: "GetToken",
  collectionId: 1,
  tokenId: "1",
  assetId: null,
  field: null,
  status: 200,
  acted: 1,
  fault: null,
  isPrivate: null,
  ...given,
});

/** So many calls a second, evenly, of which every so many-th is refused. */
const paced = (from: number, seconds: number, perSecond: number, refusedEvery = Infinity): CallFact[] =>
  Array.from({ length: seconds * perSecond }, (_, index) =>
    call({
      at: from + (index * 1_000) / perSecond,
      status: index % refusedEvery === refusedEvery - 1 ? 429 : 200,
    }),
  );

describe("rates", () => {
  const phase = { from: 0, until: 20_000 };

  it("tell what of a limit was used, and what was refused", () => {
    const calls = paced(0, 20, 50, 5);
    expect(refusedShare(calls)).toBe(0.2);
    expect(usedShare(calls, phase, 100)).toBe(0.4);
    expect(usedShare([], phase, 100)).toBe(0);
    expect(bySecond(calls, { from: 18_000, until: 21_000 })).toBe("40+10 40+10 0");
  });

  it("find a limit when it is used with hardly a refusal, and not before", () => {
    const searching = [...paced(0, 6, 200, 2), ...paced(6_000, 14, 95)];
    expect(foundAfterSeconds(searching, phase, 100)).toBe(6);
    expect(foundAfterSeconds(paced(0, 20, 200, 2), phase, 100)).toBe(Infinity);
    expect(foundAfterSeconds(paced(0, 20, 80), phase, 100)).toBe(Infinity);
  });
});

describe("repeats", () => {
  it("are what is carried out again: uploads and updates by token, creates also where they are refused", () => {
    const calls = [
      call({ method: "CreateToken", acted: null, status: 0 }),
      call({ method: "CreateToken" }),
      call({ method: "CreateToken", status: 409 }),
      call({ method: "UploadAsset", status: 500 }),
      call({ method: "UploadAsset", field: "image" }),
      call({ method: "UploadAsset", field: "video" }),
      call({ method: "UploadAsset", field: "image" }),
      call({ method: "UpdateToken" }),
      call({ method: "UpdateToken" }),
      call({ method: "UpdateToken", tokenId: "2" }),
      call({ method: "GetToken" }),
    ];
    expect(repeats(calls)).toEqual({ creates: 1, others: new Map([["1/1", 2]]) });
  });
});

describe("made-up rows", () => {
  const wanted = { seed: 3, count: 60, mediaUrl: "http://127.0.0.1:1", secondFileEvery: 10 };
  const file = makeFile(wanted);
  const upstream = {
    calls: [],
    tokens: file.rows.map(({ tokenId, metadata }) => ({
      collectionId: 1,
      tokenId,
      isPrivate: false,
      metadata,
    })),
    assets: file.rows.flatMap(({ tokenId, media }) =>
      [...media].map(([field, url]) => ({
        id: 1,
        collectionId: 1,
        tokenId,
        field,
        sha256: hashAt(url) ?? null,
      })),
    ),
  };

  it("are the same for the same seed only", () => {
    expect(makeFile(wanted).csv).toEqual(file.csv);
    expect(makeFile({ ...wanted, seed: 4 }).csv).not.toEqual(file.csv);
    expect(pick([1, 2, 3, 4], 2, dice(1))).toEqual(pick([1, 2, 3, 4], 2, dice(1)));
  });

  it("are compared with what is there", () => {
    expect(asSubmitted(file.rows, upstream, 1)).toEqual([]);
    expect(asSubmitted(file.rows, upstream, 2)).toHaveLength(60);
    const [first, second, third] = upstream.tokens.map((token, index) => ({
      ...token,
      isPrivate: index === 0,
      metadata: index === 1 ? { ...token.metadata, attributes: [] } : token.metadata,
    }));
    const assets = upstream.assets.filter(({ tokenId }) => tokenId !== "3");
    const changed = {
      ...upstream,
      assets,
      tokens: [first, second, third].filter((one) => one !== undefined),
    };
    expect(asSubmitted(file.rows.slice(0, 4), changed, 1)).toEqual([
      "token 1 is private",
      expect.stringMatching(/^token 2: attributes is \[\], the file says/),
      "token 3: other bytes in image than its URL gives",
      "token 4 is not there",
    ]);
  });
});

describe("the passing faults", () => {
  it("strike the share that was asked for, each kind about as often", () => {
    const script = new FaultScript(1);
    script.add(
      passingFaults(0.25).map((fault) => faultSchema.parse(fault)),
      0,
    );
    const calls = 4_000;
    for (let index = 0; index < calls; index += 1) {
      const tokenId = String(index);
      const where = { path: "/rpc/Collections/GetToken", host: "h", collectionId: 1, tokenId };
      script.plan({ surface: "collections", method: "GetToken", subject: "project", ...where }, 0);
    }
    const struck = script
      .list()
      .filter(({ id }) => id.startsWith("Sequence"))
      .map((fault) => fault.struck);
    const share = struck.reduce((sum, one) => sum + one, 0) / calls;
    expect(share).toBeGreaterThan(0.23);
    expect(share).toBeLessThan(0.27);
    expect(Math.min(...struck)).toBeGreaterThan(calls * 0.018);
    expect(Math.max(...struck)).toBeLessThan(calls * 0.032);
  });
});

describe("the table", () => {
  const run: Run = {
    name: "a-run",
    mustShow: "all of it",
    alone: false,
    notQuick: null,
    perform: () => Promise.reject(new Error("not here")),
  };
  const shown = (given: Partial<Shown>): Outcome => ({
    run,
    seconds: 1.25,
    shown: {
      figures: [exactly("completed", 5, 5), told("seconds", 0.12345)],
      violations: [],
      failings: [],
      ...given,
    },
  });

  it("shows each figure with its bound", () => {
    expect(tableOf([shown({ figures: [atMost("share", 0.01234, 0.01), told("seconds", 0.12345)] })])).toEqual(
      [
        "RUN    MUST SHOW         MEASURED  OK",
        "a-run  all of it         1.3 s     FAIL",
        "         share ≤ 0.01    0.012     FAIL",
        "         seconds         0.123",
        "         violations = 0  0         ok",
      ],
    );
  });

  it.each<[string, Outcome, boolean]>([
    ["holds", shown({}), true],
    ["has a figure out of bounds", shown({ figures: [atLeast("used", 0.89, 0.9)] }), false],
    ["has nothing measured", shown({ figures: [atMost("found", Number.NaN, 1)] }), false],
    [
      "has a violation",
      shown({ violations: [violation("token.doubled", { batchId: "bat_1" }, "twice")] }),
      false,
    ],
    ["has something else wrong", shown({ failings: ["token 1 is not there"] }), false],
    ["crashed", { run, seconds: 1, shown: { crashed: "no answer" } }, false],
  ])("is good only if every run is: one that %s", (_what, outcome, good) => {
    expect(isGood(outcome)).toBe(good);
    const given = { seed: 1, quick: true, seconds: 2 };
    expect(JSON.parse(jsonOf([outcome, shown({})], given))).toMatchObject({
      ...given,
      ok: good,
      runs: [{ ok: good }, { ok: true }],
    });
  });

  it("says what was wrong, also how a run ended before its time", () => {
    const crashed: Outcome = { run, seconds: 1, shown: { crashed: "no answer" } };
    const lines = tableOf([
      shown({ violations: [violation("token.doubled", { batchId: "bat_1" }, "twice")] }),
      crashed,
    ]);
    expect(lines).toContain("a-run: token.doubled: batch bat_1: twice");
    expect(lines).toContain("a-run: crashed: no answer");
  });
});
