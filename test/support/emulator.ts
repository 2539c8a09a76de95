/** A test's side door to the emulator: what a person does at Sequence by hand, its ledger, its faults. */
import type { FaultInput } from "../../emulator/faults.ts";
import type { Switches } from "../../emulator/switches.ts";

export type LedgerEntry = {
  method: string;
  collectionId: number | null;
  tokenId: string | null;
  field: string | null;
  path: string;
  status: number | null;
  at: number;
  ms: number;
  error: string | null;
  fault: string | null;
  /** The token's flag after CreateToken or UpdateToken; null: another call. */
  isPrivate: boolean | null;
  /** Of an uploaded file. */
  sha256: string | null;
};

type Json = Record<string, unknown>;

export function emulatorAt(url: string, key: string) {
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(new URL(path, url), {
      ...init,
      headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...init.headers },
    });
  const rpc = async (method: string, body: Json): Promise<Json> => {
    const answer = await ask(`/rpc/Collections/${method}`, { method: "POST", body: JSON.stringify(body) });
    return answer.json();
  };
  return {
    url,
    host: new URL(url).host,
    rpc,
    async makeCollection(published = false): Promise<number> {
      const { collection } = (await rpc("CreateCollection", {
        collection: { metadata: { name: "Test" }, private: !published },
      })) as { collection: { id: number } };
      return collection.id;
    },
    /** As somebody would make it by hand, past Mintline. */
    makeToken: (collectionId: number, tokenId: string, name: string, more: Json = {}) =>
      rpc("CreateToken", { collectionId, token: { tokenId, name, ...more } }),
    async getToken(collectionId: number, tokenId: string) {
      return (await rpc("GetToken", { collectionId, tokenId })) as {
        token?: Json;
        assets?: (Json & { id: number; url: string; metadataField: string })[];
        error?: string;
      };
    },
    /** As somebody would put a file there by hand. */
    async uploadByHand(
      { project, collectionId, tokenId }: { project: number; collectionId: number; tokenId: string },
      assetId: number,
      bytes: Uint8Array,
    ) {
      const form = new FormData();
      form.set("file", new Blob([bytes.slice()]), "by-hand.png");
      // The boundary is the form's own, so the content type is as well.
      const answer = await fetch(
        new URL(`/projects/${project}/collections/${collectionId}/tokens/${tokenId}/upload/${assetId}`, url),
        { method: "PUT", body: form, headers: { authorization: `Bearer ${key}` } },
      );
      if (!answer.ok) throw new Error(await answer.text());
    },
    /** How often the media host was asked for this path; null: for any. */
    async mediaCalls(path: string | null): Promise<number> {
      const answer = await ask("/_emulator/ledger?method=Media&limit=100000");
      const { items } = (await answer.json()) as { items: LedgerEntry[] };
      return items.filter((call) => path === null || call.path === path).length;
    },
    /** The calls of one collection in the order in which they came. */
    async calls(collectionId: number): Promise<LedgerEntry[]> {
      const answer = await ask(`/_emulator/ledger?collectionId=${collectionId}&limit=100000`);
      const { items } = (await answer.json()) as { items: LedgerEntry[] };
      return items.filter(({ method }) => method !== "CreateCollection" && method !== "DeleteCollection");
    },
    async setFaults(...faults: FaultInput[]): Promise<void> {
      const answer = await ask("/_emulator/faults", { method: "POST", body: JSON.stringify({ faults }) });
      if (!answer.ok) throw new Error(await answer.text());
    },
    async setSwitches(switches: Partial<Switches>): Promise<void> {
      const answer = await ask("/_emulator/switches", { method: "PATCH", body: JSON.stringify(switches) });
      if (!answer.ok) throw new Error(await answer.text());
    },
    clearFaults: (id: string) => ask(`/_emulator/faults/${id}`, { method: "DELETE" }),
    /** Without credentials, as anybody sees it. */
    seePublic: (path: string) => fetch(new URL(path, url)),
  };
}

export type TestEmulator = ReturnType<typeof emulatorAt>;
