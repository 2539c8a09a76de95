import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { Upload } from "../../../shared/api/contract.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { sql } from "../../../shared/store/db.ts";
import { openContext } from "../../../workers/producer/context.ts";
import { lastPart, missingParts, partSize } from "../../../workers/producer/uploads/part-plan.ts";
import { sweepUploads } from "../../../workers/producer/uploads/sweep.ts";
import { type Answer, CSV, db, producer, target } from "../../support/producer.ts";
import { readBatch } from "../../support/rows.ts";

const api = producer();
const PART = LIMITS.partBytes;

/** No two parts alike, so that an order or a part mixed up shows. */
function bytesOf(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1021) bytes[at] = ((at >> 10) * 31 + seed) & 0xff;
  return bytes;
}
const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
const partOf = (bytes: Uint8Array<ArrayBuffer>, number: number) =>
  bytes.slice((number - 1) * PART, number * PART);

const begin = async (announced?: object, to = api): Promise<Upload> => {
  const answer = await to.post("/v1/uploads", announced);
  if (answer.status > 201) throw new Error(answer.text);
  return Upload.parse(answer.body);
};
const put = (id: string, number: number | string, body: BodyInit, init: RequestInit = {}, to = api) =>
  to.ask(`/v1/uploads/${id}/parts/${number}`, { method: "PUT", body, ...init });
const complete = (id: string, to = api) => to.post(`/v1/uploads/${id}/complete`);
const said = ({ status, body }: Answer) => [status, body.code];

async function sent(bytes: Uint8Array<ArrayBuffer>, announced?: object): Promise<Upload> {
  const { id } = await begin(announced);
  for (let number = 1; (number - 1) * PART < bytes.length; number += 1) {
    expect((await put(id, number, partOf(bytes, number))).status).toBe(200);
  }
  return Upload.parse((await complete(id)).body);
}

describe("an upload", () => {
  test("is begun without a word, and says how to cut the file", async () => {
    const answer = await api.ask("/v1/uploads", { method: "POST" });
    expect(answer.status).toBe(201);
    expect(Upload.parse(answer.body)).toMatchObject({
      partBytes: PART,
      state: "open",
      bytes: null,
      parts: [],
    });
    expect(answer.headers.get("location")).toBe(`/v1/uploads/${answer.body.id}`);
  });

  test("takes parts in any order and more than once, and is the file in the end", async () => {
    const file = bytesOf(PART + 5);
    const { id } = await begin();
    await put(id, 2, partOf(file, 2));
    await put(id, 1, bytesOf(PART, 9));
    expect((await put(id, 1, partOf(file, 1))).body).toEqual({ number: 1, bytes: PART });
    const { status, body } = await complete(id);
    expect(status).toBe(200);
    // The hash is of the object that R2 made of the parts.
    expect(body).toMatchObject({ id, state: "completed", bytes: file.length, sha256: await sha256(file) });
    expect((await env.BUCKET.head(`uploads/${id}`))?.size).toBe(file.length);
    expect((await complete(id)).body).toEqual(body);
    expect((await put(id, 2, partOf(file, 2))).body.code).toBe("upload.wrong_state");
  }, 30_000);

  test("a part that does not say its length is taken as well", async () => {
    const file = bytesOf(5000);
    const { id } = await begin();
    expect(said(await put(id, 1, new Blob([bytesOf(PART + 1)]).stream()))).toEqual([413, "body.too_large"]);
    await put(id, 1, new Blob([file]).stream());
    expect((await complete(id)).body.sha256).toBe(await sha256(file));
  });

  test("says which parts are missing, and is asked where it stands", async () => {
    const { id } = await begin({ bytes: 3 * PART + 1 });
    await put(id, 4, bytesOf(1));
    expect((await api.ask(`/v1/uploads/${id}`)).body.parts).toEqual([4]);
    const early = await complete(id);
    expect([...said(early), early.body.missing]).toEqual([409, "upload.incomplete", [1, 2, 3]]);
    const unsaid = await begin();
    expect((await complete(unsaid.id)).body.missing).toEqual([1]);
    await put(unsaid.id, 1, bytesOf(5));
    await put(unsaid.id, 3, bytesOf(7));
    expect((await complete(unsaid.id)).body.missing).toEqual([1, 2]);
  });

  test("of a file announced by hash and length is found again, open and whole", async () => {
    const file = bytesOf(PART + 7, 3);
    const announced = { bytes: file.length, sha256: await sha256(file) };
    const first = await begin(announced);
    await put(first.id, 2, partOf(file, 2));
    const again = await api.post("/v1/uploads", announced);
    expect([again.status, again.body.id, again.body.parts]).toEqual([200, first.id, [2]]);
    await put(first.id, 1, partOf(file, 1));
    await complete(first.id);
    expect((await begin(announced)).state).toBe("completed");
    expect((await begin({ ...announced, bytes: 5 })).id).not.toBe(first.id);
    const other = producer({ METADATA_URL: "http://127.0.0.1:9" });
    expect((await begin(announced, other)).id).not.toBe(first.id);
    expect(said(await complete(first.id, other))).toEqual([404, "upload.not_found"]);
  });

  test("whose bytes are not those announced is given up, and begun anew", async () => {
    const file = bytesOf(20);
    const announced = { bytes: 20, sha256: await sha256(bytesOf(20, 2)) };
    const { id } = await begin(announced);
    await put(id, 1, file);
    expect(said(await complete(id))).toEqual([409, "upload.mismatch"]);
    expect(said(await complete(id))).toEqual([404, "upload.not_found"]);
    expect(await env.BUCKET.head(`uploads/${id}`)).toBeNull();
    expect((await begin(announced)).id).not.toBe(id);
  });

  test("completed by a call that lost its way is completed by the next", async () => {
    const file = bytesOf(50, 5);
    const { id } = await begin();
    await put(id, 1, file);
    const get = () => Promise.reject(new Error("R2 is down"));
    const BUCKET = new Proxy(env.BUCKET, {
      get: (bucket, name) => {
        const value: unknown = name === "get" ? get : Reflect.get(bucket, name);
        return typeof value === "function" ? value.bind(bucket) : value;
      },
    });
    expect((await complete(id, producer({ BUCKET }))).status).toBe(500);
    expect((await api.ask(`/v1/uploads/${id}`)).body.state).toBe("open");
    expect(said(await put(id, 1, file))).toEqual([409, "upload.wrong_state"]);
    expect((await complete(id)).body).toMatchObject({ state: "completed", sha256: await sha256(file) });
  });

  test("whose part R2 knows as another asks for all of them again", async () => {
    const file = bytesOf(50, 6);
    const { id } = await begin();
    await put(id, 1, file);
    await db.run(sql("UPDATE upload_parts SET etag = 'other' WHERE upload_id = ?1", id));
    const answer = await complete(id);
    expect([...said(answer), answer.body.missing]).toEqual([409, "upload.incomplete", [1]]);
    await put(id, 1, file);
    expect((await complete(id)).body.sha256).toBe(await sha256(file));
  });

  test("that R2 has let go of is gone", async () => {
    const { id } = await begin();
    const { rows } = await db.run(sql("SELECT object_key, multipart_id FROM uploads WHERE id = ?1", id));
    await env.BUCKET.resumeMultipartUpload(
      String(rows[0]?.object_key),
      String(rows[0]?.multipart_id),
    ).abort();
    expect(said(await put(id, 1, bytesOf(5)))).toEqual([404, "upload.not_found"]);
    expect(said(await complete(id))).toEqual([404, "upload.not_found"]);
  });

  test("completed by two at once is completed once", async () => {
    const { id } = await begin();
    await put(id, 1, bytesOf(50, 7));
    const answers = await Promise.all([complete(id), complete(id), complete(id)]);
    expect(answers.map(({ status, body }) => [status, body.state])).toEqual(
      Array(3).fill([200, "completed"]),
    );
  });
});

describe("refused", () => {
  test.each([
    ["0", 5, 400, "upload.part_number"],
    ["three", 5, 400, "upload.part_number"],
    ["3", 5, 400, "upload.part_number"],
    ["1", 5, 400, "upload.part_size"],
    ["2", 500, 400, "upload.part_size"],
    ["1", 0, 400, "upload.part_size"],
    ["1", PART + 1, 413, "body.too_large"],
  ] as const)(
    "part %s of %i bytes, of a file of one part and a half",
    async (number, bytes, status, code) => {
      const { id } = await begin({ bytes: 1.5 * PART });
      const answer = await put(id, number, bytesOf(bytes));
      expect(said(answer)).toEqual([status, code]);
      expect(answer.body.next).toMatch(/\w/);
      expect((await api.ask(`/v1/uploads/${id}`)).body.parts).toEqual([]);
    },
  );

  test.each([
    [{ bytes: LIMITS.uploadMaxBytes + 1 }, 413, "body.too_large"],
    [{ bytes: 0 }, 400, "body.invalid"],
    [{ sha256: "ABC" }, 400, "body.invalid"],
    [{ byte: 5 }, 400, "body.unknown_field"],
  ])("an upload announced as %j", async (announced, status, code) => {
    expect(said(await api.post("/v1/uploads", announced))).toEqual([status, code]);
  });

  test("a body that ends before it should, of which nothing is kept", async () => {
    const { id } = await begin();
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(100));
        controller.error(new Error("gone"));
      },
    });
    const answer = await put(id, 1, body, { headers: { "content-length": "1000" } });
    expect(said(answer)).toEqual([400, "body.cut_short"]);
    expect((await api.ask(`/v1/uploads/${id}`)).body.parts).toEqual([]);
  });

  test("what a viewer asks, but for looking", async () => {
    const { id } = await begin();
    const hash = await sha256(new TextEncoder().encode("secret") as Uint8Array<ArrayBuffer>);
    const viewer = producer({ API_TOKENS: `eve:viewer:${hash}` });
    const as = { headers: { authorization: "Bearer secret" } };
    expect((await viewer.ask(`/v1/uploads/${id}`, as)).status).toBe(200);
    for (const answer of [
      await viewer.ask("/v1/uploads", { method: "POST", ...as }),
      await viewer.ask(`/v1/uploads/${id}/parts/1`, { method: "PUT", body: "x", ...as }),
      await viewer.ask(`/v1/uploads/${id}/complete`, { method: "POST", ...as }),
    ]) {
      expect(said(answer)).toEqual([403, "auth.forbidden"]);
    }
  });
});

describe("a batch from an upload", () => {
  const csv = new TextEncoder().encode(CSV) as Uint8Array<ArrayBuffer>;
  const submit = (query: string, init: RequestInit = {}) =>
    api.ask(`/v1/batches?collectionId=1&${query}`, { method: "POST", ...init });

  test("reads the file where it lies", async () => {
    const { id } = await sent(csv);
    const { status, body } = await submit(`uploadId=${id}&name=big.csv`, {
      headers: { "content-type": "text/csv; charset=utf-8" },
    });
    expect([status, body.state, body.name]).toEqual([202, "validating", "big.csv"]);
    expect(api.sent.intake.at(-1)).toEqual({ v: 1, b: body.id });
    expect(await readBatch(db, String(body.id))).toMatchObject({
      source_key: `uploads/${id}`,
      source_bytes: csv.length,
      source_sha256: await sha256(csv),
    });
    expect((await submit(`uploadId=${id}`)).status).toBe(202);
  });

  test("is the same one for the same key, however the file came", async () => {
    const headers = { "idempotency-key": "in-parts", "content-type": "text/csv" };
    const one = await sent(csv);
    const first = await submit(`uploadId=${one.id}`, { headers });
    expect((await submit(`uploadId=${one.id}`, { headers })).body.id).toBe(first.body.id);
    const two = await sent(csv);
    const again = await submit(`uploadId=${two.id}`, { headers });
    const whole = await submit("", { headers, body: CSV });
    for (const answer of [again, whole]) {
      expect([answer.status, answer.body.id]).toEqual([200, first.body.id]);
    }
    const other = await sent(bytesOf(50));
    expect(said(await submit(`uploadId=${other.id}`, { headers }))).toEqual([
      409,
      "batch.idempotency_mismatch",
    ]);
  });

  test("is one batch of ten submissions at once", async () => {
    const { id } = await sent(csv);
    const headers = { "idempotency-key": "ten-in-parts" };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => submit(`uploadId=${id}`, { headers })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 202]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  });

  test.each<[string, (id: string) => [string, RequestInit], unknown[]]>([
    ["that is not there", () => ["uploadId=upl_none", {}], [404, "upload.not_found"]],
    ["with a body beside it", (id) => [`uploadId=${id}`, { body: "x" }], [400, "body.invalid"]],
    ["that is not whole", (id) => [`uploadId=${id}`, {}], [409, "upload.wrong_state"]],
  ])("is not made of an upload %s", async (_, ask, expected) => {
    const { id } = await begin();
    expect(said(await submit(...ask(id)))).toEqual(expected);
  });
});

describe("media from an upload", () => {
  const PNG = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  );
  /** What follows a picture's end belongs to nobody. */
  const picture = (seed: number) => {
    const bytes = bytesOf(5000, seed);
    bytes.set(PNG);
    return bytes;
  };
  const name = (path: string, id: string) =>
    api.ask(`/v1/media-sets/${path}?uploadId=${id}`, { method: "PUT" });

  test("is judged by its bytes, stored by its hash, and its parts are let go", async () => {
    const file = picture(1);
    const { id } = await sent(file);
    const { status, body } = await name("large/film.mp4", id);
    const hash = await sha256(file);
    expect([status, body]).toEqual([
      200,
      { fileName: "film.mp4", sha256: hash, bytes: file.length, contentType: "image/png" },
    ]);
    expect((await env.BUCKET.head(`media/${hash}`))?.size).toBe(file.length);
    expect(await env.BUCKET.head(`uploads/${id}`)).toBeNull();
    expect((await name("large/film.mp4", id)).body).toEqual(body);
    expect((await name("large/other.mp4", id)).status).toBe(200);
    const batch = await api.ask(`/v1/batches?collectionId=1&uploadId=${id}`, { method: "POST" });
    expect(said(batch)).toEqual([409, "upload.wrong_state"]);
    expect((await begin({ bytes: file.length, sha256: hash })).id).not.toBe(id);
  });

  test.each([
    ["a page", `<!doctype html><html>${"x".repeat(100)}`, "media.html"],
    ["text", "just text", "media.unknown_type"],
    [
      "a drawing with a script",
      '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
      "media.unsafe_svg",
    ],
    [
      "a huge drawing",
      `<svg xmlns="http://www.w3.org/2000/svg">${" ".repeat(2_000_000)}</svg>`,
      "body.too_large",
    ],
  ])("is refused where it is %s", async (_, text, code) => {
    const bytes = new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
    const { id } = await sent(bytes);
    expect((await name("refused/x.png", id)).body.code).toBe(code);
    expect((await api.ask("/v1/media-sets/refused")).status).toBe(404);
    expect(await env.BUCKET.head(`media/${await sha256(bytes)}`)).toBeNull();
  });

  test("a safe drawing is taken", async () => {
    const { id } = await sent(
      new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>') as Uint8Array<ArrayBuffer>,
    );
    expect((await name("drawn/x.svg", id)).body.contentType).toBe("image/svg+xml");
  });
});

describe("the sweep", () => {
  const later = (ms: number) => {
    const context = openContext(
      { ...env, EMULATOR_URL: "http://127.0.0.1:1", JWT_ACCESS_KEY: keyOf() } as unknown as ProducerEnv,
      { now: () => Date.now() + ms },
    );
    if (!context.ok) throw new Error(JSON.stringify(context.error));
    return context.value;
  };
  const keyOf = () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    return `${part({ alg: "HS256" })}.${part({ project: Number(target().split("#")[1]) })}.x`;
  };

  test("gives up what nobody has touched for two days, and leaves a batch its file", async () => {
    const csv = new TextEncoder().encode(CSV) as Uint8Array<ArrayBuffer>;
    const [open, whole, used] = [await begin(), await sent(csv), await sent(csv)];
    await put(open.id, 1, bytesOf(50));
    await api.ask(`/v1/batches?collectionId=1&uploadId=${used.id}`, { method: "POST" });
    const { rows } = await db.run(sql("SELECT multipart_id FROM uploads WHERE id = ?1", open.id));
    await sweepUploads(later(LIMITS.uploadIdleMs - 60_000));
    expect((await api.ask(`/v1/uploads/${open.id}`)).status).toBe(200);
    expect(await sweepUploads(later(LIMITS.uploadIdleMs + 1_000))).toBeGreaterThanOrEqual(3);
    for (const { id } of [open, whole, used]) expect((await api.ask(`/v1/uploads/${id}`)).status).toBe(404);
    expect(await env.BUCKET.head(`uploads/${whole.id}`)).toBeNull();
    expect(await env.BUCKET.head(`uploads/${used.id}`)).not.toBeNull();
    const multipart = env.BUCKET.resumeMultipartUpload(`uploads/${open.id}`, String(rows[0]?.multipart_id));
    await expect(multipart.uploadPart(1, bytesOf(5))).rejects.toThrow("10024");
    expect((await db.run(sql("SELECT 1 FROM upload_parts WHERE upload_id = ?1", open.id))).rows).toEqual([]);
    expect(await sweepUploads(later(LIMITS.uploadIdleMs + 2_000))).toBe(0);
  });
});

describe("the parts of a file", () => {
  const whole = { bytes: 25, partBytes: 10 };
  test("have one size but for the last", () => {
    expect(lastPart(whole)).toBe(3);
    expect([1, 2, 3].map((number) => partSize(whole, number).most)).toEqual([10, 10, 5]);
    expect(partSize({ bytes: 20, partBytes: 10 }, 2)).toEqual({ least: 10, most: 10 });
    expect(partSize({ bytes: null, partBytes: 10 }, 2)).toEqual({ least: 1, most: 10 });
  });
  test("are missing where they are absent or too small for their place", () => {
    const parts = [
      { number: 1, bytes: 10 },
      { number: 2, bytes: 9 },
    ];
    expect(missingParts(whole, parts)).toEqual([2, 3]);
    expect(missingParts({ bytes: null, partBytes: 10 }, parts)).toEqual([]);
    expect(missingParts({ bytes: null, partBytes: 10 }, [])).toEqual([1]);
  });
});
