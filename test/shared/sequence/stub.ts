/** A Sequence that answers what a test tells it, and remembers what it was asked. */
import { createSequence, type Sequence, type SequenceOptions } from "../../../shared/sequence/client.ts";

export const JWT =
  "eyJhbGciOiJIUzI1NiJ9.eyJwcm9qZWN0IjozMDk1NywiYWNjb3VudCI6IjB4MSJ9.c2lnbmF0dXJlLW9mLWEtdGVzdA";
export const HOST = "https://metadata.example";
/** 2026-11-23T12:00:00Z */
export const NOW = Date.UTC(2026, 10, 23, 12);

export type Asked = { url: string; init: RequestInit; headers: Headers; body: string };
type Answering = (url: string, init: RequestInit) => Response | Promise<Response>;

export function sequenceAnswering(
  answer: Answering,
  options: Partial<SequenceOptions> = {},
): { sequence: Sequence; asked: Asked[] } {
  const asked: Asked[] = [];
  const sequence = createSequence({
    metadataUrl: HOST,
    projectId: 30957,
    jwt: JWT,
    callTimeoutMs: 1_000,
    fetch: async (url, init) => {
      const body = typeof init.body === "string" ? init.body : "";
      asked.push({ url, init, headers: new Headers(init.headers), body });
      return answer(url, init);
    },
    now: () => NOW,
    ...options,
  });
  return { sequence, asked };
}

export const json = (body: unknown, init: ResponseInit = {}): Response => Response.json(body, init);

export const webrpcError = (
  error: string,
  code: number,
  status: number,
  headers: HeadersInit = {},
): Response =>
  Response.json({ error, code, msg: `${error} said`, cause: "the cause", status }, { status, headers });

export const TOKEN = {
  tokenId: "7",
  name: "T",
  description: "é",
  decimals: 0,
  properties: { k: "v" },
  attributes: [{ trait_type: "a", value: 1 }],
};

/** As the recorded server answers a CreateToken. */
export const TOKEN_ON_WIRE = {
  tokenId: "7",
  name: "T",
  description: "é",
  image: "",
  properties: { k: "v" },
  attributes: null,
  updatedAt: "0001-01-01T00:00:00Z",
};

export const ASSET_ON_WIRE = {
  id: 4418,
  collectionId: 894,
  tokenId: "6",
  url: "",
  metadataField: "image",
  updatedAt: "2024-10-25T01:29:44.686464786Z",
};

export const UPLOADED_ON_WIRE = {
  ...ASSET_ON_WIRE,
  url: `${HOST}/projects/30957/collections/894/tokens/6/image.png`,
  filename: "image.png",
  filesize: 5,
  mimeType: "image/png",
  width: 2,
  height: 1,
};

export const COLLECTION_ON_WIRE = {
  id: 887,
  projectId: 30957,
  metadata: { name: "N", description: "D", external_link: "https://x.example" },
  private: true,
  tokenCount: 3,
  createdAt: "2024-10-23T06:56:39.027843Z",
  updatedAt: "2024-10-23T06:56:39.027843Z",
  baseURIs: {
    contractMetadataURI: `${HOST}/projects/30957/collections/887.json`,
    tokenMetadataURI: `${HOST}/projects/30957/collections/887/tokens/`,
  },
};
