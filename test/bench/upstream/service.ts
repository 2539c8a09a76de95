/**
 * As much of Sequence as four calls a row need, with a memory of what was made, so that a rival that skips or
 * doubles work is seen. It knows one project's collections and nobody's faults. Pure but for that memory.
 */
import type { Ledger } from "./account.ts";

export type Answered = { readonly status: number; readonly body: string };
type Token = { readonly assets: Asset[]; readonly json: string; public: boolean };
type Asset = { readonly id: number; readonly field: string; url: string; bytes: number };

export type Service = {
  /** @param body of an upload: multipart; else JSON */
  answer(method: string, path: string, body: Buffer, now: number): Answered;
  /** Forgets every token. */
  reset(ledger: Ledger): void;
};

const COLLECTION_ID = 900;
const UPLOAD = /^\/projects\/\d+\/collections\/\d+\/tokens\/(\d+)\/upload\/(\w+)$/;

export function createService(first: Ledger, origin: () => string): Service {
  let ledger = first;
  let tokens = new Map<string, Token>();
  let assetId = 4_400;
  const collection = (): string =>
    JSON.stringify({
      id: COLLECTION_ID,
      projectId: 1,
      metadata: { name: "Bench", description: "" },
      private: false,
      tokenCount: tokens.size,
      createdAt: "2026-01-01T00:00:00Z",
      updatedAt: "2026-01-01T00:00:00Z",
    });

  const methods: Record<string, (args: Args, now: number) => Answered> = {
    GetCollection: () => ok(`{"collection":${collection()}}`),
    ListCollections: () => ok(`{"page":{"pageSize":30,"more":false},"collections":[${collection()}]}`),
    CreateCollection: () => ok(`{"collection":${collection()}}`),
    ListTokens: () =>
      ok(
        `{"page":{"pageSize":30,"more":false},"tokens":[${[...tokens.values()].map(({ json }) => json).join(",")}]}`,
      ),
    GetToken({ tokenId = "" }) {
      const token = tokens.get(tokenId);
      return token ? ok(`{"token":${token.json},"assets":${assetsJson(token, tokenId)}}`) : NOT_FOUND;
    },
    CreateToken({ token }) {
      const id = token?.tokenId ?? "";
      if (tokens.has(id)) {
        ledger.account.doubled += 1;
        return refusal(409, 1004, "RequestConflict");
      }
      const json = JSON.stringify({ source: "", image: "", ...token, updatedAt: "0001-01-01T00:00:00Z" });
      tokens.set(id, { assets: [], json, public: false });
      ledger.account.created += 1;
      return ok(`{"token":${json},"assets":null}`);
    },
    CreateAsset({ asset }) {
      const token = tokens.get(asset?.tokenId ?? "");
      if (!token || asset === undefined) return NOT_FOUND;
      assetId += 1;
      const made = { id: assetId, field: asset.metadataField, url: "", bytes: 0 };
      token.assets.push(made);
      return ok(`{"asset":${assetJson(made, asset.tokenId)}}`);
    },
    UpdateToken({ tokenId = "", private: isPrivate }, now) {
      const token = tokens.get(tokenId);
      if (!token) return NOT_FOUND;
      if (token.public) ledger.account.doubled += 1;
      else if (isPrivate === false && token.assets.some(({ bytes }) => bytes > 0)) {
        token.public = true;
        ledger.published(now);
      }
      return ok(`{"token":${token.json}}`);
    },
  };

  function upload(path: string, body: Buffer): Answered {
    const [, tokenId = "", idOrField = ""] = UPLOAD.exec(path) ?? [];
    const token = tokens.get(tokenId);
    const asset = token?.assets.find(({ id, field }) => String(id) === idOrField || field === idOrField);
    const bytes = fileBytes(body);
    if (!asset || bytes === null) return NOT_FOUND;
    asset.bytes = bytes;
    asset.url = `${origin()}/projects/1/collections/${COLLECTION_ID}/tokens/${tokenId}/image.png`;
    return ok(assetJson(asset, tokenId));
  }

  return {
    answer(method, path, body, now) {
      if (method === "Upload") return upload(path, body);
      const perform = methods[method];
      return perform ? perform(JSON.parse(body.toString()), now) : refusal(404, -2, "WebrpcBadRoute");
    },
    reset(fresh) {
      ledger = fresh;
      tokens = new Map();
    },
  };
}

type Args = {
  readonly tokenId?: string;
  readonly private?: boolean;
  readonly token?: { readonly tokenId: string };
  readonly asset?: { readonly tokenId: string; readonly metadataField: string };
};

/** The length of the part named `file`, found by its frame alone; null where there is none. */
function fileBytes(body: Buffer): number | null {
  const named = body.indexOf('name="file"');
  const from = body.indexOf("\r\n\r\n", named);
  const frame = body.indexOf("\r\n");
  // The closing line is the boundary with two dashes and a line break more.
  return named < 0 || from < 0 ? null : body.length - (from + 4) - (frame + 2 + 2 + 2);
}

const assetsJson = (token: Token, tokenId: string): string =>
  `[${token.assets.map((asset) => assetJson(asset, tokenId)).join(",")}]`;

const assetJson = ({ id, field, url, bytes }: Asset, tokenId: string): string =>
  `{"id":${id},"collectionId":${COLLECTION_ID},"tokenId":"${tokenId}","url":"${url}","metadataField":"${field}",${
    bytes > 0 ? `"filename":"image.png","filesize":${bytes},"mimeType":"image/png",` : ""
  }"updatedAt":"2026-01-01T00:00:00Z"}`;

const ok = (body: string): Answered => ({ status: 200, body });
export const refusal = (status: number, code: number, error: string): Answered => ({
  status,
  body: JSON.stringify({ error, code, msg: error, status }),
});
const NOT_FOUND = refusal(400, 3000, "NotFound");
