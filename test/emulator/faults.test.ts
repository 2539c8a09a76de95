import { describe, expect, it } from "vitest";
import type { FaultInput } from "../../emulator/faults.ts";
import { json, type Player, play, playOverHttp, secret, webrpc } from "./play.ts";

const token = { tokenId: "1", name: "One" };

async function withFault(fault: FaultInput, start = play): Promise<Player & { id: number }> {
  const player = await start();
  const id = await player.makeCollection({ private: false });
  player.emulator.faults.add(fault);
  return { ...player, id };
}

const create = ({ rpc, id }: Player & { id: number }) => rpc("CreateToken", { collectionId: id, token });
const exists = ({ emulator, rpc, id }: Player & { id: number }) => {
  emulator.faults.remove();
  return rpc("GetToken", { collectionId: id, tokenId: "1" }).then(({ status }) => status === 200);
};

describe("answers in place of acting", () => {
  it.each([
    ["status 500", { kind: "status", status: 500 }, "WebrpcInternalError", -7, 500],
    ["status 429", { kind: "status", status: 429 }, "RateLimited", 1007, 429],
    ["a named error", { kind: "status", status: 429, error: "QuotaRateLimit" }, "QuotaRateLimit", 1201, 429],
    ["a refusal", { kind: "refuse" }, "ValidationFailed", 2004, 400],
    ["a named refusal", { kind: "refuse", error: "InvalidArgument" }, "InvalidArgument", 2001, 400],
    ["a refused key", { kind: "refusedKey" }, "Unauthorized", 1000, 401],
    ["a read-only key", { kind: "readOnlyKey" }, "UnauthorizedUser", 1105, 403],
    ["an expired key", { kind: "expiredKey" }, "SessionExpired", 1002, 403],
    ["a spent quota", { kind: "spentQuota" }, "QuotaExceeded", 1200, 423],
  ] as const)("%s", async (_what, what, error, code, status) => {
    const player = await withFault({ where: { method: "CreateToken" }, what });
    expect(await create(player)).toMatchObject(webrpc(error, code, status));
    expect(await exists(player)).toBe(false);
  });

  it("carry Retry-After as given, in seconds or as a date", async () => {
    for (const retryAfterSeconds of [7, 0, "Wed, 21 Oct 2026 07:28:00 GMT"]) {
      const player = await withFault({ what: { kind: "status", status: 429, retryAfterSeconds } });
      expect((await create(player)).headers.get("retry-after")).toBe(String(retryAfterSeconds));
    }
    const without = await withFault({ what: { kind: "status", status: 429 } });
    expect((await create(without)).headers.get("retry-after")).toBeNull();
  });

  it("are a proxy's HTML or plain text where asked", async () => {
    const html = await withFault({ what: { kind: "status", status: 502, body: "html" } });
    expect(await create(html)).toMatchObject({
      status: 502,
      text: expect.stringContaining("502 Bad Gateway"),
    });
    const text = await withFault({
      what: { kind: "status", status: 503, body: "text", cause: "upstream reset" },
    });
    expect(await create(text)).toMatchObject({ status: 503, text: "upstream reset\n" });
  });

  it.each(["502", "503"] as const)("are pages of status %s in an outage, for reads too", async (as) => {
    const player = await withFault({ what: { kind: "outage", as } });
    expect((await create(player)).status).toBe(Number(as));
    expect((await player.get(`/projects/1/collections/${player.id}`)).status).toBe(Number(as));
    expect((await player.get("/media/generated/a.png")).status).toBe(200);
  });

  it("are 429 above a rate, with Credits-Rate headers on every answer", async () => {
    const player = await withFault({ what: { kind: "rateLimit", perMinute: 2, error: "RateLimited" } });
    const answers = [await create(player), await create(player), await create(player)];
    expect(answers.map(({ status }) => status)).toEqual([200, 409, 429]);
    expect(answers.map(({ headers }) => headers.get("credits-rate-remaining"))).toEqual(["1", "0", "0"]);
    expect(answers[2]).toMatchObject(webrpc("RateLimited", 1007, 429));
    expect(answers[2]?.headers.get("retry-after")).toBe("60");
  });

  it("come after the action where a status says `after`", async () => {
    const player = await withFault({ what: { kind: "status", status: 502, body: "html", after: true } });
    expect((await create(player)).status).toBe(502);
    expect(await exists(player)).toBe(true);
  });

  it("are the body null after acting", async () => {
    const player = await withFault({ what: { kind: "nullBody" } });
    expect(await create(player)).toMatchObject({ status: 200, text: "null" });
    expect(await exists(player)).toBe(true);
  });
});

describe.each([
  ["over a socket", playOverHttp],
  ["in this process", play],
])("broken connections %s", (_where, start) => {
  it.each([
    ["closeBefore", { kind: "closeBefore" }, false],
    ["closeAfter", { kind: "closeAfter" }, true],
    ["an outage that closes", { kind: "outage", as: "close" }, false],
  ] as const)("%s rejects with TypeError fetch failed", async (_what, what, acted) => {
    const player = await withFault({ what }, start);
    await expect(create(player)).rejects.toThrow(new TypeError("fetch failed"));
    expect(await exists(player)).toBe(acted);
  });

  it("cutBody sends the status and a part, then breaks off", async () => {
    const { emulator, id } = await withFault({ what: { kind: "cutBody", atByte: 10 } }, start);
    const request = new Request(`${emulator.url}/rpc/Collections/CreateToken`, {
      method: "POST",
      headers: { ...secret, ...json },
      body: JSON.stringify({ collectionId: id, token }),
    });
    const response = await (emulator.port === null ? emulator.fetch(request) : fetch(request));
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(new TextDecoder().decode(first?.value)).toBe('{"token":{');
    await expect(reader?.read()).rejects.toThrow(TypeError);
    expect(emulator.ledger.list({ method: "CreateToken" }).items).toMatchObject([
      { status: 200, fault: "cutBody" },
    ]);
  });

  it("latency waits before it acts, and acts although the caller gave up", async () => {
    const ms = 1_000;
    const player = await withFault({ what: { kind: "latency", ms } }, start);
    const { call, emulator, id } = player;
    const hasArrived = async () => (await player.get("/_emulator/faults")).json.faults?.[0]?.met;
    const patience = new AbortController();
    const given = call("POST", "/rpc/Collections/CreateToken", {
      headers: { ...secret, ...json },
      body: JSON.stringify({ collectionId: id, token }),
      signal: patience.signal,
    });
    const gaveUp = expect(given).rejects.toThrow();
    // Not before it has come: a call that never left the caller would be none that the server goes on with.
    await expect.poll(hasArrived, { interval: 10 }).toBe(1);
    patience.abort();
    await gaveUp;
    await expect
      .poll(() => emulator.ledger.list({ method: "CreateToken", status: 200 }).items)
      .toHaveLength(1);
    expect(emulator.ledger.list({ method: "CreateToken" }).items[0]?.ms).toBeGreaterThanOrEqual(ms - 5);
  });
});

describe("over a socket", () => {
  it("an upload whose connection closes afterwards has been taken", async () => {
    const player = await playOverHttp();
    const id = await player.makeCollection();
    player.emulator.faults.add({ where: { method: "UploadAsset" }, what: { kind: "closeAfter" }, times: 1 });
    await expect(player.makeToken(id, "1")).rejects.toThrow("fetch failed");
    const { json: shown } = await player.rpc("GetToken", { collectionId: id, tokenId: "1" });
    expect(shown.assets).toMatchObject([{ mimeType: "image/png" }]);
  });

  it("a refused outage closes the listener, and opens it again on the same port", async () => {
    const player = await playOverHttp();
    const fault = { what: { kind: "outage", as: "refused" }, forMs: 300 };
    const set = await player.call("POST", "/_emulator/faults", {
      headers: json,
      body: JSON.stringify(fault),
    });
    expect(set.status).toBe(201);
    const reached = () =>
      player.get("/_emulator/switches").then(
        ({ status }) => status,
        () => "refused",
      );
    await expect.poll(reached, { interval: 10 }).toBe("refused");
    await expect.poll(reached, { interval: 10, timeout: 5_000 }).toBe(200);
  });
});

describe("the media host", () => {
  it("is met by name, by host and by path; the rest of the service is not", async () => {
    const player = await play();
    player.emulator.faults.add(
      {
        where: { method: "Media", host: "cdn.example" },
        what: { kind: "status", status: 503, retryAfterSeconds: 3 },
      },
      { where: { method: "Media", pathIncludes: "/7.png" }, what: { kind: "closeBefore" } },
    );
    const from = (url: string) => player.emulator.fetch(new Request(url));
    expect((await from("http://cdn.example/media/generated/1.png")).headers.get("retry-after")).toBe("3");
    expect((await from("http://art.example/media/generated/1.png")).status).toBe(200);
    await expect(from("http://art.example/media/generated/7.png")).rejects.toThrow("fetch failed");
    expect((await player.rpc("ListCollections", {})).status).toBe(200);
  });
});

describe("/_emulator/faults", () => {
  const post = ({ call }: Player, body: unknown) =>
    call("POST", "/_emulator/faults", { headers: json, body: JSON.stringify(body) });

  it("takes one, many, or many with a seed; lists and removes them", async () => {
    const player = await play();
    await post(player, { id: "one", what: { kind: "nullBody" }, times: 1 });
    await post(player, [{ id: "two", what: { kind: "closeBefore" } }]);
    const { status, json: added } = await post(player, {
      seed: 7,
      faults: [{ what: { kind: "latency", ms: 1 } }],
    });
    expect([status, added.faults?.[0]?.id]).toEqual([201, "latency-3"]);
    const { json: listed } = await player.get("/_emulator/faults");
    expect(listed).toMatchObject({
      seed: "7",
      faults: [{ id: "one", met: 0, struck: 0 }, { id: "two" }, { id: "latency-3" }],
    });
    expect((await player.call("DELETE", "/_emulator/faults/two")).json).toEqual({ removed: 1 });
    expect((await player.call("DELETE", "/_emulator/faults")).json).toEqual({ removed: 2 });
  });

  it("refuses what is no fault", async () => {
    const player = await play();
    for (const wrong of [
      { what: { kind: "meteor" } },
      {},
      { what: { kind: "closeBefore" }, where: { methd: "A" } },
    ]) {
      expect((await post(player, wrong)).status).toBe(400);
    }
    expect(player.emulator.faults.list()).toEqual([]);
  });

  it("never meets /_emulator itself", async () => {
    const { emulator, get } = await play({
      faults: [{ where: { method: "Any" }, what: { kind: "closeBefore" } }],
    });
    expect((await get("/_emulator/faults")).status).toBe(200);
    expect(emulator.ledger.list().items).toEqual([]);
  });
});
