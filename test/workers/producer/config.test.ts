import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { makeKey } from "../../../emulator/keys.ts";
import { emulator, producer } from "../../support/producer.ts";

test("a broken configuration is answered on every /v1 route with all of its problems at once", async () => {
  const api = producer({
    JWT_ACCESS_KEY: "not-a-jwt",
    MAX_ATTEMPTS: "many",
    API_TOKENS: "broken",
    COLLECTION_ID: "-1",
  });
  for (const path of ["/v1/batches", "/v1/doctor", "/v1/nothing"]) {
    const { status, body, headers } = await api.ask(path);
    expect([status, body.code]).toEqual([500, "config.invalid"]);
    expect(headers.get("content-type")).toBe("application/problem+json");
    const { problems } = body as unknown as { problems: { code: string; message: string; next: string }[] };
    expect(problems.map(({ code }) => code).sort()).toEqual([
      "config.key_not_jwt",
      "config.malformed",
      "config.malformed",
      "config.malformed",
    ]);
    for (const problem of problems) expect(problem.next).toMatch(/\w/);
  }
});

test("health and the list of addresses do not need a configuration", async () => {
  const api = producer({ JWT_ACCESS_KEY: undefined, EMULATOR_URL: undefined });
  expect((await api.ask("/healthz")).status).toBe(200);
  expect((await api.ask("/")).status).toBe(200);
});

test("a key of another project than PROJECT_ID says so before anything is asked", async () => {
  const { body } = await producer({ PROJECT_ID: "77" }).ask("/v1/batches");
  expect(body).toMatchObject({ code: "config.invalid", problems: [{ code: "config.key_other_project" }] });
});

test("the key itself is in no answer, whatever is wrong with it", async () => {
  const key = await makeKey({ project: emulator().project });
  for (const given of [{ JWT_ACCESS_KEY: key, PROJECT_ID: "9" }, { JWT_ACCESS_KEY: `x${key}.y.z` }]) {
    expect((await producer(given).ask("/v1/batches")).text).not.toContain(key.slice(0, 40));
  }
});

test("the Worker as it is configured for tests answers through its own entry", async () => {
  expect((await exports.default.fetch("http://127.0.0.1/healthz")).status).toBe(200);
  const refused = await exports.default.fetch("http://127.0.0.1/v1/batches");
  expect(await refused.json()).toMatchObject({ code: "config.invalid" });
});
