import { describe, expect, test } from "vitest";
import { HOST, JWT, NOW, sequenceAnswering, TOKEN, webrpcError } from "./stub.ts";

async function failureOf(response: () => Response) {
  const { sequence } = sequenceAnswering(response);
  const got = await sequence.createToken({ collectionId: 900, token: TOKEN });
  if (got.ok) throw new Error("expected a failure");
  return got.error;
}

/** name, webrpc code, HTTP status → reason, our code. Codes 1005, 1007 and 1008 mean two things each. */
const NAMED: [string, number, number, string, string][] = [
  // webrpc's own
  ["WebrpcEndpoint", 0, 400, "conflict", "sequence.endpoint_error"],
  ["WebrpcRequestFailed", -1, 400, "outcome_unknown", "sequence.server_error"],
  ["WebrpcBadRoute", -2, 404, "unnamed", "sequence.bad_route"],
  ["WebrpcBadMethod", -3, 405, "unnamed", "sequence.bad_method"],
  ["WebrpcBadRequest", -4, 400, "invalid", "sequence.bad_request"],
  ["WebrpcBadResponse", -5, 500, "outcome_unknown", "sequence.server_error"],
  ["WebrpcServerPanic", -6, 500, "outcome_unknown", "sequence.server_error"],
  ["WebrpcInternalError", -7, 500, "outcome_unknown", "sequence.server_error"],
  ["WebrpcClientDisconnected", -8, 400, "outcome_unknown", "sequence.server_error"],
  ["WebrpcClientAborted", -8, 400, "outcome_unknown", "sequence.server_error"],
  ["WebrpcStreamLost", -9, 400, "outcome_unknown", "sequence.server_error"],
  // the metadata service's
  ["Unauthorized", 1000, 401, "account", "key.refused"],
  ["PermissionDenied", 1001, 403, "account", "key.other_project"],
  ["SessionExpired", 1002, 403, "account", "key.expired"],
  ["MethodNotFound", 1003, 404, "unnamed", "sequence.method_not_found"],
  ["RequestConflict", 1004, 409, "conflict", "sequence.conflict"],
  ["Fail", 1005, 400, "unnamed", "sequence.failed"],
  ["Fail", 1005, 500, "outcome_unknown", "sequence.server_error"],
  ["Geoblocked", 1006, 451, "account", "account.geoblocked"],
  ["TaskFailed", 1007, 400, "unnamed", "sequence.task_failed"],
  ["Deprecated", 1008, 400, "unnamed", "sequence.deprecated"],
  ["Timeout", 2000, 408, "outcome_unknown", "sequence.timeout"],
  ["InvalidArgument", 2001, 400, "invalid", "sequence.invalid_argument"],
  ["RequiredArgument", 2002, 400, "invalid", "sequence.required_argument"],
  ["QueryFailed", 2003, 400, "conflict", "sequence.query_failed"],
  ["ValidationFailed", 2004, 400, "invalid", "sequence.validation_failed"],
  ["RateLimited", 2005, 429, "rate_limited", "sequence.rate_limited"],
  ["NotFound", 3000, 400, "not_found", "sequence.not_found"],
  ["ProjectNotFound", 3002, 400, "not_found", "sequence.project_not_found"],
  ["ChainNotFound", 3003, 400, "invalid", "sequence.chain_not_found"],
  ["TokenDirectoryDisabled", 4001, 400, "unnamed", "sequence.token_directory_disabled"],
  // the middleware's
  ["Aborted", 1005, 400, "outcome_unknown", "sequence.server_error"],
  ["RateLimited", 1007, 429, "rate_limited", "sequence.rate_limited"],
  ["ProjectNotFound", 1008, 401, "account", "key.other_project"],
  ["SecretKeyCorsDisallowed", 1009, 403, "account", "key.cors_disallowed"],
  ["InvalidScope", 1010, 403, "account", "key.invalid_scope"],
  ["AccessKeyNotFound", 1101, 401, "account", "key.refused"],
  ["AccessKeyMismatch", 1102, 403, "account", "key.other_project"],
  ["InvalidOrigin", 1103, 403, "account", "key.invalid_origin"],
  ["InvalidService", 1104, 403, "account", "key.invalid_service"],
  ["UnauthorizedUser", 1105, 403, "account", "key.read_only"],
  ["InvalidChain", 1106, 403, "account", "key.invalid_chain"],
  ["QuotaExceeded", 1200, 423, "account", "quota.spent"],
  ["QuotaRateLimit", 1201, 429, "rate_limited", "sequence.rate_limited"],
  ["Timeout", 1900, 408, "outcome_unknown", "sequence.timeout"],
  // names nobody told us of
  ["SomethingNew", 1301, 403, "account", "key.forbidden"],
  ["SomethingNew", 1301, 401, "account", "key.refused"],
  ["SomethingNew", 1301, 423, "account", "quota.spent"],
  ["SomethingNew", 9999, 409, "conflict", "sequence.conflict"],
  ["SomethingNew", 9999, 429, "rate_limited", "sequence.rate_limited"],
  ["SomethingNew", 9999, 503, "outcome_unknown", "sequence.server_error"],
  ["SomethingNew", 9999, 400, "unnamed", "sequence.unexpected"],
];

describe("a named error is judged by its name, then its status, never by its code", () => {
  test.each(NAMED)("%s (%i) with %i is %s, %s", async (name, code, status, reason, ours) => {
    const failure = await failureOf(() => webrpcError(name, code, status));
    expect(failure).toMatchObject({ reason, code: ours, httpStatus: status });
    expect(failure.message).toBe(
      `CreateToken of token 7 in collection 900: expected success, got ${status} ${name} (${code}): ${name} said; the cause`,
    );
    expect(failure.next).toMatch(/^[A-Z].+\.$/);
  });

  test("the code alone decides nothing: NotFound under the code of a spent quota is NotFound", async () => {
    expect((await failureOf(() => webrpcError("NotFound", 1200, 400))).code).toBe("sequence.not_found");
  });

  test("a body without `status` and with `message` for `msg` is judged by the status of the wire", async () => {
    const failure = await failureOf(() =>
      Response.json({ error: "QuotaExceeded", code: 1200, message: "spent" }, { status: 423 }),
    );
    expect(failure).toMatchObject({ code: "quota.spent", httpStatus: 423 });
    expect(failure.message).toContain("QuotaExceeded (1200): spent");
  });

  test("each account fault has its own code and its own next", async () => {
    const faults = new Map<string, string>();
    for (const [name, code, status, reason] of NAMED) {
      if (reason !== "account") continue;
      const failure = await failureOf(() => webrpcError(name, code, status));
      expect(faults.get(failure.code) ?? failure.next).toBe(failure.next);
      faults.set(failure.code, failure.next);
    }
    expect(new Set(faults.values()).size).toBe(faults.size);
    expect(faults.get("key.read_only")).toBe(
      "Make a key with Write access (Builder → Settings → API Keys) and set it as JWT_ACCESS_KEY.",
    );
  });
});

const HTML = "<!DOCTYPE html><title>Attention</title>";
const html = (status: number) => () =>
  new Response(HTML, { status, headers: { "Content-Type": "text/html; charset=utf-8" } });
const plain = (body: string | null, status: number) => () => new Response(body, { status });

const UNNAMED: [string, () => Response, string, string][] = [
  ["HTML with 200", html(200), "outcome_unknown", "sequence.bad_response"],
  ["HTML with 400", html(400), "outcome_unknown", "sequence.bad_response"],
  ["HTML with 401", html(401), "outcome_unknown", "sequence.bad_response"],
  ["HTML with 403", html(403), "outcome_unknown", "sequence.bad_response"],
  ["HTML with 404", html(404), "outcome_unknown", "sequence.bad_response"],
  ["HTML with 502", html(502), "outcome_unknown", "sequence.server_error"],
  ["HTML with 429", html(429), "rate_limited", "sequence.rate_limited"],
  ["HTML that calls itself text", plain(`\n ${HTML}`, 403), "outcome_unknown", "sequence.bad_response"],
  ["null with 200", plain("null", 200), "outcome_unknown", "sequence.bad_response"],
  ["null with 400", plain("null", 400), "outcome_unknown", "sequence.bad_response"],
  ["null with 500", plain("null", 500), "outcome_unknown", "sequence.server_error"],
  ["nothing with 200", plain("", 200), "outcome_unknown", "sequence.bad_response"],
  ["nothing with 204", plain(null, 204), "outcome_unknown", "sequence.bad_response"],
  ["nothing with 400", plain("", 400), "outcome_unknown", "sequence.bad_response"],
  ["nothing with 503", plain("", 503), "outcome_unknown", "sequence.server_error"],
  ["half a success", plain('{"token":{"tokenId":"7"', 200), "outcome_unknown", "sequence.bad_response"],
  ["half an error", plain('{"error":"NotFound","co', 400), "outcome_unknown", "sequence.bad_response"],
  ["text with 401", plain("unauthorized", 401), "account", "key.refused"],
  ["text with 403", plain("forbidden", 403), "unnamed", "sequence.unexpected"],
  ["text with 408", plain("slow", 408), "outcome_unknown", "sequence.timeout"],
  ["text with 429", plain("slow down", 429), "rate_limited", "sequence.rate_limited"],
  ["text with 413", plain("too large", 413), "invalid", "sequence.too_large"],
  ["text with 400", plain("no", 400), "unnamed", "sequence.unexpected"],
  ["text with 404", plain("404 page not found", 404), "unnamed", "sequence.unexpected"],
  ["text with 409", plain("conflict", 409), "conflict", "sequence.conflict"],
  ["a redirect", () => new Response(null, { status: 307 }), "unnamed", "sequence.redirected"],
  [
    "a proxy's JSON without code, 403",
    () => Response.json({ error: "Forbidden" }, { status: 403 }),
    "unnamed",
    "sequence.unexpected",
  ],
  [
    "a known name without code",
    () => Response.json({ error: "InvalidArgument", msg: "m" }, { status: 400 }),
    "invalid",
    "sequence.invalid_argument",
  ],
  [
    "JSON without code, 500",
    () => Response.json({ error: "boom" }, { status: 500 }),
    "outcome_unknown",
    "sequence.server_error",
  ],
];

describe("an answer without a name is judged by its status and by what it is", () => {
  test.each(UNNAMED)("%s", async (_, response, reason, code) => {
    const failure = await failureOf(response);
    expect(failure).toMatchObject({ reason, code, httpStatus: response().status });
    expect(failure.evidence).toMatchObject({ host: new URL(HOST).host, status: response().status });
  });

  test("a redirect is said with where it leads", async () => {
    const headers = { Location: "https://elsewhere.example/" };
    const { message } = await failureOf(() => new Response(null, { status: 307, headers }));
    expect(message).toContain("got 307 to https://elsewhere.example/");
  });

  test("no connection at all", async () => {
    const failure = await failureOf(() => {
      throw new TypeError("Network connection lost.");
    });
    expect(failure).toMatchObject({
      reason: "outcome_unknown",
      code: "sequence.unreachable",
      httpStatus: null,
      evidence: { status: null, body: null, url: `${HOST}/rpc/Collections/CreateToken` },
    });
    expect(failure.message).toContain("no connection (Network connection lost.)");
  });

  test.each([
    [200, "outcome_unknown", "sequence.body_cut"],
    [400, "outcome_unknown", "sequence.body_cut"],
    [429, "rate_limited", "sequence.rate_limited"],
  ])("a connection that ends amid the body of a %i", async (status, reason, code) => {
    const failure = await failureOf(() => {
      const chunks = [new TextEncoder().encode('{"token":{'), null];
      const body = new ReadableStream({
        pull(controller) {
          const chunk = chunks.shift();
          if (chunk) controller.enqueue(chunk);
          else controller.error(new TypeError("terminated"));
        },
      });
      return new Response(body, { status });
    });
    expect(failure).toMatchObject({ reason, code, httpStatus: status, evidence: { body: '{"token":{' } });
  });
});

test("a short answer, announced with its length, is read the same way", async () => {
  const body = '{"error":"NotFound","code":3000,"msg":"m"}';
  const headers = { "Content-Length": String(body.length) };
  expect(await failureOf(() => new Response(body, { status: 400, headers }))).toMatchObject({
    code: "sequence.not_found",
    evidence: { body },
  });
  const broken = () => new ReadableStream({ pull: () => Promise.reject(new TypeError("terminated")) });
  expect(await failureOf(() => new Response(broken(), { status: 400, headers }))).toMatchObject({
    code: "sequence.body_cut",
    httpStatus: 400,
  });
});

describe("Retry-After", () => {
  test.each([
    ["60", 60],
    ["0", 0],
    [new Date(NOW + 90_000).toUTCString(), 90],
    [new Date(NOW - 90_000).toUTCString(), 0],
    ["soon", null],
    ["-5", null],
    ["1.5", null],
    ["2027", 2027],
  ])("%s is %s seconds", async (header, seconds) => {
    const failure = await failureOf(() =>
      webrpcError("QuotaRateLimit", 1201, 429, { "Retry-After": header }),
    );
    expect(failure).toMatchObject({ reason: "rate_limited", retryAfterSeconds: seconds });
  });

  test("is kept of a 503 as well, and null where it is missing", async () => {
    const busy = new Response("busy", { status: 503, headers: { "Retry-After": "7" } });
    expect(await failureOf(() => busy)).toMatchObject({ reason: "outcome_unknown", retryAfterSeconds: 7 });
    expect((await failureOf(() => webrpcError("RateLimited", 2005, 429))).retryAfterSeconds).toBeNull();
  });
});

describe("evidence", () => {
  test("holds no key, not even a part of one or one cut in two", async () => {
    const [, claims = "", signature = ""] = JWT.split(".");
    const whole = `Bearer ${JWT} of ${claims}`;
    // The 4 kB end within the key, so that cutting first would leave a piece that is no longer recognised.
    const failure = await failureOf(() => new Response(whole.padEnd(3_980, "x") + JWT, { status: 401 }));
    const shown = JSON.stringify(failure);
    expect(shown).toContain("Bearer [redacted] of [redacted]");
    for (const part of [JWT, claims, signature, JWT.slice(0, 12)]) expect(shown).not.toContain(part);
  });

  test("is not needed for a key to be looked for: the message quotes a body, and cuts it too", async () => {
    const failure = await failureOf(() => new Response("".padEnd(190, "x") + JWT, { status: 400 }));
    expect(failure.message).toMatch(/x{190}\[redacted\]?"$/);
    expect(failure.message).not.toContain(JWT.slice(0, 8));
  });

  test("holds at most 4 kB of the body, in whole characters", async () => {
    const failure = await failureOf(() => new Response("é🦊".repeat(2_000), { status: 500 }));
    const body = failure.evidence?.body ?? "";
    expect(new TextEncoder().encode(body).byteLength).toBeLessThanOrEqual(4_000);
    expect(body).toMatch(/^(é🦊)+é?$/u);
    expect(body.length).toBeGreaterThan(1_900);
  });

  test("of a transport's error holds no key either", async () => {
    const failure = await failureOf(() => {
      throw new Error(`bad header Authorization: Bearer ${JWT}`);
    });
    expect(JSON.stringify(failure)).not.toContain(JWT);
  });
});
