/** One cause, one fingerprint: what differs from row to row counts for nothing, what tells causes apart counts. */
import { describe, expect, it } from "vitest";
import { fingerprintOf, normaliseMessage } from "../../../shared/job/fingerprint.ts";

const cause = (given: Partial<Parameters<typeof fingerprintOf>[0]> = {}) =>
  fingerprintOf({
    step: "upload-asset",
    code: "media.not_found",
    message: "Expected a media file at https://cdn.example/1.png, got 404: nothing is there.",
    httpStatus: 404,
    host: "cdn.example",
    ...given,
  });

describe("a message without its row", () => {
  it.each([
    ["Token 7 of collection 900 is there.", null, "Token # of collection # is there."],
    ["at https://a.example/x/1.png?y=2, got 404: no.", 404, "at <url>, got 404: no."],
    ["at ipfs://bafy/17.png (redirect 2), got 503.", 503, "at <url> (redirect #), got 503."],
    ['Expected a file, got "relic \\"9\\".png".', null, "Expected a file, got <value>."],
    ["job bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C:17", null, "job <id>:#"],
    ["hash 9f86d081884c7d65 of 0x1234abcd", null, "hash <id> of <id>"],
    ["1,024.5 bytes within 30000 ms", null, "# bytes within # ms"],
    ["the facade was\n added", null, "the facade was added"],
  ])("%j becomes what is left of it", (message, httpStatus, expected) => {
    expect(normaliseMessage(message, httpStatus)).toBe(expected);
  });
});

describe("a fingerprint", () => {
  it("is the same for two rows of one cause", () => {
    expect(cause()).toMatch(/^[0-9a-f]{16}$/);
    const other = "Expected a media file at https://cdn.example/22.webp, got 404: nothing is there.";
    expect(cause({ message: other })).toBe(cause());
  });

  it("is another for another step, code, message or host", () => {
    const others = [
      cause({ step: "create-token" }),
      cause({ code: "media.gone" }),
      cause({ message: "Expected something else." }),
      cause({ host: "other.example" }),
      cause({ host: null }),
    ];
    expect(new Set([cause(), ...others]).size).toBe(6);
  });
});
