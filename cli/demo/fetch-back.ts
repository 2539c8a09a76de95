/** Reads what is published as anybody would: by URL, with no token and no key. */
import { differences, PublicMetadata, type SeenToken } from "./comparison.ts";
import { type ExpectedToken, MEDIA_COLUMNS, type MediaColumn } from "./expectation.ts";

export type Proof = {
  readonly tokenId: string;
  readonly name: string;
  readonly url: string;
  readonly files: number;
  readonly bytes: number;
  /** Empty: all of it is as it was submitted. */
  readonly differences: readonly string[];
};

export type Fetch = (url: string) => Promise<Response>;

/** Reads side by side; a public host would take more, one local process would not be faster. */
const SIDE_BY_SIDE = 4;

/** @param baseUri ends in `/tokens/` @param onToken is told after each token how many are done */
export async function proveAll(
  baseUri: string,
  expected: readonly ExpectedToken[],
  onToken: (done: number) => void,
  get: Fetch = (url) => fetch(url),
): Promise<Proof[]> {
  const proofs = new Map<ExpectedToken, Proof>();
  const open = [...expected];
  const work = async (): Promise<void> => {
    for (let token = open.shift(); token !== undefined; token = open.shift()) {
      proofs.set(token, await prove(baseUri, token, get));
      onToken(proofs.size);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  return expected.flatMap((token) => proofs.get(token) ?? []);
}

async function prove(baseUri: string, expected: ExpectedToken, get: Fetch): Promise<Proof> {
  const url = `${baseUri}${expected.tokenId}`;
  const plain = await readJson(url, get);
  const withSuffix = await readJson(`${url}.json`, get);
  const files = await readFiles(plain, get);
  const found = [...files.values()].filter((bytes) => bytes !== null);
  return {
    tokenId: expected.tokenId,
    name: expected.name,
    url,
    files: found.length,
    bytes: found.reduce((sum, bytes) => sum + bytes.length, 0),
    differences: differences(expected, { plain, withSuffix, files }),
  };
}

/** Every file that the document names, also one that nobody expects. */
async function readFiles(document: unknown, get: Fetch): Promise<SeenToken["files"]> {
  const metadata = PublicMetadata.safeParse(document);
  const files = new Map<MediaColumn, Uint8Array | null>();
  for (const field of MEDIA_COLUMNS) {
    const url = metadata.success ? metadata.data[field] : null;
    if (url) files.set(field, await readBytes(url, get));
  }
  return files;
}

async function readBytes(url: string, get: Fetch): Promise<Uint8Array | null> {
  try {
    const answer = await get(url);
    return answer.ok ? await answer.bytes() : null;
  } catch {
    return null;
  }
}

async function readJson(url: string, get: Fetch): Promise<unknown> {
  try {
    const answer = await get(url);
    return answer.ok ? await answer.json() : `HTTP ${answer.status}`;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
