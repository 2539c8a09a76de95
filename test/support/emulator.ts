/** A test's side door to the emulator: what a person does at Sequence by hand, its ledger, its faults. */
import type { FaultInput } from "../../emulator/faults.ts";

export type LedgerEntry = {
  method: string;
  collectionId: number | null;
  tokenId: string | null;
  field: string | null;
  status: number | null;
  at: number;
  ms: number;
  error: string | null;
  fault: string | null;
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
    clearFaults: (id: string) => ask(`/_emulator/faults/${id}`, { method: "DELETE" }),
    /** Without credentials, as anybody sees it. */
    seePublic: (path: string) => fetch(new URL(path, url)),
  };
}

export type TestEmulator = ReturnType<typeof emulatorAt>;
