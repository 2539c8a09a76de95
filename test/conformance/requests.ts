/** What the documents demand of every request, whatever it is for. */
import { describe, expect, it } from "vitest";
import { bodyOf } from "./asked.ts";
import type { StandIn } from "./stand-in.ts";

/** Registered last, because it looks back on everything that was asked before. */
export const describeRequests = (service: StandIn) =>
  describe("every request", () => {
    const secret = () => service.calls.filter(({ name }) => name !== "Public");

    it("is readable, and carries the secret key alone, or no key at all", () => {
      expect(service.unreadable).toEqual([]);
      expect(secret()).not.toEqual([]);
      for (const { headers } of secret()) expect(headers.authorization).toBe(`Bearer ${service.key}`);
      for (const { headers } of service.calls) {
        expect([headers["x-access-key"], headers.origin, headers.cookie]).toEqual([
          undefined,
          undefined,
          undefined,
        ]);
      }
      const open = service.calls.filter(({ name }) => name === "Public");
      for (const { headers } of open) expect(headers.authorization).toBeUndefined();
      expect(service.calls.filter(({ status }) => status === 401 || status === 403)).toEqual([]);
    });

    it("announces its length and is sent whole", () => {
      for (const { name, headers, body } of secret().filter((call) => call.name !== "Private")) {
        expect([name, headers["content-length"]]).toEqual([name, String(body.length)]);
        expect(headers["transfer-encoding"]).toBeUndefined();
      }
    });

    it("of the RPC is JSON with the project, and never names an asset's id", () => {
      const rpc = secret().filter(({ name }) => name !== "Upload" && name !== "Private");
      for (const call of rpc) {
        expect(call.headers["content-type"]).toBe("application/json");
        expect(JSON.parse(call.body.toString())).toMatchObject({ projectId: service.projectId });
        expect(bodyOf(call).asset ?? {}).not.toHaveProperty("id");
      }
    });

    it("of an upload is one part named file, of the type that its bytes are", () => {
      const uploads = service.calls.filter(({ name }) => name === "Upload");
      expect(uploads).not.toEqual([]);
      for (const { parts } of uploads) {
        expect(parts?.map(({ name, type }) => [name, type])).toEqual([["file", "image/jpeg"]]);
      }
    });

    it("of an update says the whole token, and whether it is private", () => {
      const updates = service.calls.filter(({ name }) => name === "UpdateToken");
      for (const { body } of updates) {
        const { private: isPrivate, tokenId, token } = JSON.parse(body.toString());
        expect(typeof isPrivate).toBe("boolean");
        expect(token).toMatchObject({ tokenId, name: expect.any(String), description: "", decimals: 0 });
      }
    });
  });
