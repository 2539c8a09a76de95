import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { MB } from "../../../shared/limits.ts";
import { sql } from "../../../shared/store/db.ts";
import { CSV, db, producer, submit, target } from "../../support/producer.ts";
import { readBatch } from "../../support/rows.ts";

const api = producer();

const post = (query: string, init: RequestInit = {}, to = api) =>
  to.ask(`/v1/batches?${query}`, { method: "POST", body: CSV, ...init });

const batchCount = async (): Promise<number> =>
  Number((await db.run(sql("SELECT count(*) AS n FROM batches"))).rows[0]?.n);

const sourceKeys = async (): Promise<string[]> =>
  (await env.BUCKET.list({ prefix: "batches/" })).objects.map(({ key }) => key);

describe("a submission", () => {
  test("is kept unparsed, written down, and handed to intake", async () => {
    const { status, headers, body } = await post("collectionId=9&name=relics.csv", {
      headers: { "content-type": "text/csv" },
    });
    expect(status).toBe(202);
    expect(headers.get("location")).toBe(`/v1/batches/${body.id}`);
    expect(headers.get("retry-after")).toBe("1");
    expect(body).toMatchObject({
      name: "relics.csv",
      target: target(),
      collectionId: 9,
      collectionPublished: false,
      state: "validating",
      rows: { total: 0, valid: 0, invalid: 0 },
      progress: 0,
      etaSeconds: null,
      startedAt: null,
    });
    expect(body.id).toMatch(/^bat_[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(api.sent.intake.at(-1)).toEqual({ v: 1, b: body.id });
    const row = await readBatch(db, String(body.id));
    const stored = await env.BUCKET.get(String(row.source_key));
    expect(await stored?.text()).toBe(CSV);
    expect(row.source_bytes).toBe(CSV.length);
    expect(row.source_sha256).toBe(
      Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(CSV))).toString("hex"),
    );
  });

  test.each([
    [undefined],
    ["text/csv"],
    ["text/csv; charset=windows-1252"],
    ["application/vnd.ms-excel"],
    ["text/plain;charset=UTF-8"],
  ])("is taken as %s", async (type) => {
    const body = new Blob([CSV]).stream();
    const { status, body: batch } = await post("collectionId=1", {
      body,
      ...(type === undefined ? {} : { headers: { "content-type": type } }),
    });
    expect(status).toBe(202);
    const options = JSON.parse(String((await readBatch(db, String(batch.id))).options));
    expect(options.contentType).toBe(type ?? null);
  });

  test("without a length is taken whole, also over one part of R2", async () => {
    const line = new TextEncoder().encode(`${"x".repeat(1023)}\n`);
    let left = 7 * 1024;
    const body = new ReadableStream({
      pull(controller) {
        if (left-- > 0) controller.enqueue(line);
        else controller.close();
      },
    });
    const { status, body: batch } = await post("collectionId=1", { body });
    expect(status).toBe(202);
    const row = await readBatch(db, String(batch.id));
    expect(row.source_bytes).toBe(7 * 1024 * 1024);
    expect((await env.BUCKET.head(String(row.source_key)))?.size).toBe(7 * 1024 * 1024);
  });

  test("carries the contract's defaults", async () => {
    const { id } = await submit(producer({ COLLECTION_ID: "41" }), "");
    const row = await readBatch(db, String(id));
    expect(row.collection_id).toBe(41);
    expect(row.name).toBe(id);
    expect(JSON.parse(String(row.options))).toEqual({
      onInvalid: "stop",
      onExisting: "fail",
      publish: true,
      dryRun: false,
      first: null,
      force: false,
      refreshMedia: false,
      mediaSet: null,
      template: {},
      map: {},
      tokenIds: "file",
      firstTokenId: "0",
      contentType: "text/csv",
      priority: "normal",
    });
  });

  test("carries what the query says", async () => {
    const query = new URLSearchParams([
      ["collectionId", "7"],
      ["onInvalid", "skip"],
      ["onExisting", "update"],
      ["publish", "false"],
      ["dryRun", "true"],
      ["first", "25"],
      ["force", "true"],
      ["refreshMedia", "true"],
      ["tokenIds", "sequential"],
      ["firstTokenId", "0x10"],
      ["template[name]", "CryptoPunk #{id}"],
      ["template[External URL]", "https://x.example/{id}"],
      ["map[image]", "Picture, big"],
    ]);
    const { id } = await submit(api, query.toString());
    expect(JSON.parse(String((await readBatch(db, String(id))).options))).toMatchObject({
      onInvalid: "skip",
      onExisting: "update",
      publish: false,
      dryRun: true,
      first: 25,
      force: true,
      refreshMedia: true,
      tokenIds: "sequential",
      firstTokenId: "16",
      template: { name: "CryptoPunk #{id}", external_url: "https://x.example/{id}" },
      map: { image: "Picture, big" },
    });
  });
});

describe("refused before anything is written", () => {
  test.each([
    ["collectionid=1", "query.unknown", 'Did you mean "collectionId"?'],
    ["collectionId=1&on_invalid=skip", "query.unknown", 'Did you mean "onInvalid"?'],
    ["collectionId=1&template[nmae]=x", "query.unknown", 'Did you mean "template[name]"?'],
    ["collectionId=1&map[picture]=x", "query.unknown", "map[image]"],
    ["collectionId=1&templates[name]=x", "query.unknown", "template[field]"],
    ["collectionId=abc", "query.invalid", "expected a whole number"],
    ["collectionId=1&onInvalid=ignore", "query.invalid", "expected one of stop, skip"],
    ["collectionId=1&publish=yes", "query.invalid", "expected true or false"],
    ["collectionId=1&first=0", "query.invalid", "expected a whole number from 1"],
    ["collectionId=1&tokenIds=sequential&firstTokenId=-1", "query.invalid", "expected a token id"],
    [`collectionId=1&tokenIds=sequential&firstTokenId=${2n ** 256n}`, "query.invalid", "below 2^256"],
    ["collectionId=1&firstTokenId=5", "query.invalid", "tokenIds=sequential"],
    ["collectionId=1&template[name]=a&template[NAME]=b", "query.invalid", "twice"],
    ["", "batch.collection_required", "COLLECTION_ID"],
  ])("?%s is %s", async (query, code, said) => {
    const before = await batchCount();
    const { status, body } = await post(query);
    expect([status, body.code]).toEqual([400, code]);
    expect(body.detail).toContain(said);
    expect(body.next).toMatch(/\w/);
    expect(await batchCount()).toBe(before);
  });

  test.each(["application/xml", "application/zip", "multipart/form-data; boundary=x", "text/csvx"])(
    "%s is 415 and says what is taken",
    async (type) => {
      const { status, body } = await post("collectionId=1", { headers: { "content-type": type } });
      expect([status, body.code]).toEqual([415, "body.unsupported"]);
      expect(body.accepted).toContain("text/csv");
      expect(body.next).toContain("text/csv");
    },
  );

  test("a compressed body is 415", async () => {
    const { status, body } = await post("collectionId=1", { headers: { "content-encoding": "gzip" } });
    expect([status, body.code]).toEqual([415, "body.unsupported"]);
  });

  test("a body that says it has more than 95 MB is 413", async () => {
    const { status, body } = await post("collectionId=1", { headers: { "content-length": "95000001" } });
    expect([status, body.code, body.maxBytes]).toEqual([413, "body.too_large", 95 * MB]);
    expect(body.detail).toContain("95 MB");
    expect(body.next).toContain("POST /v1/uploads");
  });

  test("a media set that is not there is 404", async () => {
    const { status, body } = await post("collectionId=1&mediaSet=none");
    expect([status, body.code]).toEqual([404, "media_set.not_found"]);
  });

  test("an idempotency key that no header should hold is 400", async () => {
    const { body } = await post("collectionId=1", { headers: { "idempotency-key": "x".repeat(256) } });
    expect(body.code).toBe("header.invalid");
  });
});

describe("refused on the way, leaving nothing behind", () => {
  const streamOf = (bytes: number, then: "close" | "error") => {
    const chunk = new Uint8Array(1024 * 1024).fill(120);
    let left = bytes;
    return new ReadableStream({
      pull(controller) {
        if (left > 0) controller.enqueue(chunk.subarray(0, Math.min(left, chunk.length)));
        else if (then === "close") controller.close();
        else controller.error(new Error("gone"));
        left -= chunk.length;
      },
    });
  };

  test.each([
    ["no bytes, saying so", "", "file.empty", 400],
    ["no bytes, not saying so", streamOf(0, "close"), "file.empty", 400],
    ["more than 95 MB, not saying so", streamOf(95 * MB + 1, "close"), "body.too_large", 413],
    ["a connection that ends early", streamOf(6 * MB, "error"), "body.cut_short", 400],
  ] as const)(
    "%s",
    async (_what, body, code, status) => {
      const [batches, keys] = [await batchCount(), await sourceKeys()];
      const answer = await post("collectionId=1", { body });
      expect([answer.status, answer.body.code]).toEqual([status, code]);
      expect(await batchCount()).toBe(batches);
      expect(await sourceKeys()).toEqual(keys);
    },
    60_000,
  );

  test("an R2 that fails is our fault, and the batch is forgotten", async () => {
    const before = await batchCount();
    const broken = producer({
      BUCKET: { put: () => Promise.reject(new Error("R2 is down")), delete: () => Promise.resolve() },
    });
    const { status, body } = await post("collectionId=1", {}, broken);
    expect([status, body.code]).toEqual([500, "internal"]);
    expect(await batchCount()).toBe(before);
    expect(broken.sent.intake).toEqual([]);
  });
});

test("an intake message that cannot be sent does not fail the submission", async () => {
  const mute = producer({ INTAKE: { send: () => Promise.reject(new Error("queue is down")) } });
  expect((await post("collectionId=1", {}, mute)).status).toBe(202);
});

describe("an idempotency key", () => {
  const keyed = (key: string, query = "collectionId=1&name=a", body: BodyInit = CSV) =>
    post(query, { body, headers: { "idempotency-key": key, "content-type": "text/csv" } });

  test("answers the same batch with 200 for the same query, in any order, and body", async () => {
    const first = await keyed("same");
    const again = await keyed("same", "name=a&collectionId=1");
    expect([first.status, again.status]).toEqual([202, 200]);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
  });

  test("is refused for another body or query", async () => {
    const first = await keyed("other");
    for (const answer of [
      await keyed("other", "collectionId=1&name=a", `${CSV}2,Two,https://example.com/2.png\n`),
      await keyed("other", "collectionId=2&name=a"),
      await keyed("other", "collectionId=1"),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([409, "batch.idempotency_mismatch"]);
      expect(answer.body.batchId).toBe(first.body.id);
    }
  });

  test("makes one batch of fifty submissions at once", async () => {
    const before = [await batchCount(), (await sourceKeys()).length];
    const mine = producer();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        post("collectionId=1", { headers: { "idempotency-key": "fifty" } }, mine),
      ),
    );
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(49);
    expect([await batchCount(), (await sourceKeys()).length]).toEqual(before.map((count) => count + 1));
    expect(mine.sent.intake).toEqual([{ v: 1, b: answers[0]?.body.id }]);
  });

  test("makes one batch of twenty different submissions at once and refuses the others", async () => {
    const before = await batchCount();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => keyed("mixed", "collectionId=1", `${CSV}${index}`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([202, ...Array(19).fill(409)]);
    expect(await batchCount()).toBe(before + 1);
  });

  test("is free again after an upload that broke off", async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
    expect((await keyed("retry", "collectionId=1", broken)).body.code).toBe("body.cut_short");
    expect((await keyed("retry")).status).toBe(202);
  });

  test("of another target is another key", async () => {
    await keyed("targets");
    const other = producer({ METADATA_URL: "http://127.0.0.1:9" });
    expect((await post("collectionId=1", { headers: { "idempotency-key": "targets" } }, other)).status).toBe(
      202,
    );
  });
});
