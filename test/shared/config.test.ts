/** Which gateways media by content is asked of: an operator's, in their order, or public ones. */
import { UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { readConfig, type Variables } from "../../shared/config.ts";
import { PUBLIC_GATEWAYS } from "../../shared/media/sources.ts";

const KEY = new UnsecuredJWT({ project: 1 }).encode();
const read = (variables: Variables) =>
  readConfig({ METADATA_URL: "https://metadata.sequence.app", JWT_ACCESS_KEY: KEY, ...variables });

describe("IPFS_GATEWAYS and AR_GATEWAYS", () => {
  test("left out or blank, they are the public ones", () => {
    for (const given of [{}, { IPFS_GATEWAYS: " ", AR_GATEWAYS: "" }]) {
      expect(read(given)).toMatchObject({ ok: true, value: { mediaGateways: PUBLIC_GATEWAYS } });
    }
  });

  test("take the place of the public ones, in the order in which they are written", () => {
    const given = {
      IPFS_GATEWAYS: "https://b.example/ipfs/,https://a.example",
      AR_GATEWAYS: "https://c.example/",
    };
    const mediaGateways = { ipfs: ["https://b.example", "https://a.example"], ar: ["https://c.example"] };
    expect(read(given)).toMatchObject({ ok: true, value: { mediaGateways } });
  });

  test("a private one must be allowed like any private host", () => {
    const given = { IPFS_GATEWAYS: "http://127.0.0.1:8080", AR_GATEWAYS: "https://localhost/" };
    const refused = read(given);
    expect(refused).toMatchObject({
      ok: false,
      error: [{ code: "config.malformed" }, { code: "config.malformed" }],
    });
    if (refused.ok) throw new Error("let through");
    expect(refused.error.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^IPFS_GATEWAYS: .*MEDIA_PRIVATE_HOSTS, got "http:\/\/127.0.0.1:8080"\.$/),
      expect.stringMatching(/^AR_GATEWAYS: .*got "https:\/\/localhost\/"\.$/),
    ]);
    const MEDIA_PRIVATE_HOSTS = "127.0.0.1:8080,localhost:443";
    expect(read({ ...given, MEDIA_PRIVATE_HOSTS })).toMatchObject({
      ok: true,
      value: { mediaGateways: { ipfs: ["http://127.0.0.1:8080"], ar: ["https://localhost"] } },
    });
  });
});
