import { expect, test, vi } from "vitest";
import { producer } from "../../support/producer.ts";

const api = producer();

test.each([
  ["GET", "/v1/batch", "GET /v1/batches"],
  ["GET", "/v1/deadletters", "GET /v1/dead-letters"],
  ["POST", "/v1/batches/bat_1/pauze", "POST /v1/batches/{id}/pause"],
  ["GET", "/v1/collections/9/token/1", "GET /v1/collections/{id}/tokens/{tokenId}"],
  ["GET", "/health", "GET /healthz"],
])("%s %s names the nearest address", async (method, path, nearest) => {
  const { status, body } = await api.ask(path, { method });
  expect([status, body.code, body.nearest]).toEqual([404, "route.not_found", nearest]);
  expect(body.next).toContain(nearest);
});

test.each(["/openapi.json", "/docs", "/v1/qqqqqqqqqqqqqqqqqqqqqqqqqqqq", "/favicon.ico"])(
  "%s is not there",
  async (path) => {
    const { status, body, headers } = await api.ask(path);
    expect([status, body.code]).toEqual([404, "route.not_found"]);
    expect(headers.get("content-type")).toBe("application/problem+json");
  },
);

test("a known address says which methods it takes", async () => {
  const { status, body, headers } = await api.ask("/v1/batches", { method: "DELETE" });
  expect([status, body.code]).toEqual([405, "route.method_not_allowed"]);
  expect(headers.get("allow")).toBe("POST, GET, HEAD");
});

test("a 404 of ours is no 405", async () => {
  expect((await api.ask("/v1/batches/bat_none")).body.code).toBe("batch.not_found");
});

test("/ lists every address in HTML", async () => {
  const { status, headers, text } = await api.ask("/");
  expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=UTF-8"]);
  for (const path of ["/v1/batches/{id}/jobs", "/v1/media-sets/{set}/{fileName}", "/v1/doctor"]) {
    expect(text).toContain(path);
  }
});

test("an unknown query parameter is refused with the nearest known name, on every list", async () => {
  for (const [path, parameter, known] of [
    ["/v1/batches?limti=3", "limti", "limit"],
    ["/v1/dead-letters?batchID=x", "batchID", "batchId"],
    ["/v1/dead-letters?http_status=400", "http_status", "httpStatus"],
    ["/v1/collections?Cursor=3", "Cursor", "cursor"],
  ] as const) {
    const { status, body } = await api.ask(path);
    expect([status, body.code]).toEqual([400, "query.unknown"]);
    expect(body.detail).toContain(`"${parameter}"`);
    expect(body.detail).toContain(`Did you mean "${known}"?`);
  }
});

test("a bad value says what was expected and what came", async () => {
  for (const path of [
    "/v1/batches?limit=0",
    "/v1/batches?limit=501",
    "/v1/batches?limit=1&limit=2",
    "/v1/batches?cursor=nonsense",
    "/v1/dead-letters?since=yesterday",
    "/v1/dead-letters?state=lost",
  ]) {
    const { status, body } = await api.ask(path);
    expect([path, status, body.code]).toEqual([path, 400, "query.invalid"]);
    expect(body.detail).toMatch(/expected .+, got .+/);
  }
});

test("what nobody expected is a 500 with an id to find it by, and nothing else", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const broken = producer({
    DB: {
      prepare() {
        throw new Error("the secret of the stack");
      },
    },
  });
  const { status, body, headers, text } = await broken.ask("/v1/batches");
  expect([status, body.code]).toEqual([500, "internal"]);
  expect(body.requestId).toBe(headers.get("x-request-id"));
  expect(text).not.toContain("secret of the stack");
  const line = JSON.parse(String(logged.mock.calls.at(-1)?.[0]));
  expect(line).toMatchObject({ event: "request.failed", requestId: body.requestId, path: "/v1/batches" });
  expect(line.error.message).toBe("the secret of the stack");
  expect((await broken.ask("/healthz")).body.code).toBe("health.unwell");
  logged.mockRestore();
});
