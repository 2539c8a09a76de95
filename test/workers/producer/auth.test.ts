import { describe, expect, test } from "vitest";
import { producer } from "../../support/producer.ts";

const hashed = async (token: string): Promise<string> => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  return Buffer.from(digest).toString("hex");
};

const API_TOKENS = [
  `watcher:viewer:${await hashed("viewer-token")}`,
  `shop:operator:${await hashed("operator-token")}`,
  `boss:admin:${(await hashed("admin-token")).toUpperCase()}`,
].join(",");

const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe("without API_TOKENS", () => {
  const api = producer();

  test("the word local is an admin on 127.0.0.1, localhost and ::1", async () => {
    for (const host of ["127.0.0.1:8787", "localhost:8787", "[::1]:8787"]) {
      const { status } = await api.ask(`http://${host}/v1/doctor`);
      expect(status).toBe(200);
    }
  });

  test("the word local is worth nothing on any other host", async () => {
    for (const host of ["mintline.example.workers.dev", "evil.example", "127.0.0.1.nip.io", "10.0.0.5"]) {
      const { status, body } = await api.ask(`https://${host}/v1/batches`);
      expect([status, body.code]).toEqual([401, "auth.unknown_token"]);
      expect(body.next).toContain("API_TOKENS");
    }
  });

  test("any other word is unknown", async () => {
    const { status, body, headers } = await api.ask("/v1/batches", as("Local"));
    expect([status, body.code]).toEqual([401, "auth.unknown_token"]);
    expect(headers.get("www-authenticate")).toContain("Bearer");
  });
});

describe("with API_TOKENS", () => {
  const api = producer({ API_TOKENS });

  test("no token, another scheme and an empty token are auth.missing", async () => {
    for (const authorization of ["", "Basic bG9jYWw6", "Bearer ", "viewer-token"]) {
      const { status, body } = await api.ask("/v1/batches", { headers: { authorization } });
      expect([authorization, status, body.code]).toEqual([authorization, 401, "auth.missing"]);
      // What follows the word Bearer is cut out of every problem: the advice must not be written so.
      expect(JSON.stringify(body)).not.toContain("[redacted]");
    }
  });

  test("local is off, and a hash is no token", async () => {
    for (const token of ["local", await hashed("admin-token"), "viewer-token2"]) {
      const { status, body } = await api.ask("/v1/batches", as(token));
      expect([status, body.code]).toEqual([401, "auth.unknown_token"]);
    }
  });

  test("the scheme's case does not matter", async () => {
    const { status } = await api.ask("/v1/batches", { headers: { authorization: "bearer viewer-token" } });
    expect(status).toBe(200);
  });

  const NEEDS = {
    viewer: ["GET /v1/batches", "GET /v1/batches/x", "GET /v1/batches/x/jobs", "GET /v1/batches/x/errors"],
    operator: [
      "POST /v1/batches",
      "POST /v1/batches/x/pause",
      "POST /v1/dead-letters/replay",
      "PUT /v1/media-sets/a/b",
    ],
    admin: [
      "GET /v1/doctor",
      "DELETE /v1/media-sets/a/b",
      "POST /v1/collections",
      "POST /v1/collections/1/publish",
    ],
  } as const;
  const RANK = ["viewer", "operator", "admin"] as const;

  test.each(RANK)("a role may do what the ones below it may, and no more: %s", async (role) => {
    for (const needed of RANK) {
      const allowed = RANK.indexOf(role) >= RANK.indexOf(needed);
      for (const route of NEEDS[needed]) {
        const [method = "", path = ""] = route.split(" ");
        const { status, body } = await api.ask(path, { method, ...as(`${role}-token`) });
        expect([route, status === 403]).toEqual([route, !allowed]);
        if (!allowed) expect(body).toMatchObject({ code: "auth.forbidden", neededRole: needed, role });
      }
    }
  });

  test("what is outside /v1 needs no token", async () => {
    for (const path of ["/", "/healthz"]) {
      expect((await api.ask(path, { headers: { authorization: "Bearer nonsense" } })).status).toBe(200);
    }
  });
});
