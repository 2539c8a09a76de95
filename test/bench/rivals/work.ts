/**
 * What every rival does for a row, as fast as plain Node does it: `node:http` with connections kept alive (global
 * `fetch` costs about twice the CPU a call), bodies in one piece, no library between. What is done is remembered
 * in `progress`, so that a retry makes nothing twice.
 */
import { Agent, type IncomingMessage, request } from "node:http";
import type { Row } from "../rows.ts";

export type Service = { readonly url: string; readonly key: string; readonly collectionId: number };
export type Progress = { tokenMade?: boolean; assetId?: number; assetUrl?: string };

export type Work = {
  /** @throws CallFailed, or what the network threw */
  publish(row: Row, progress: Progress): Promise<void>;
};

/** Attempts of a job, and the wait before each further one: 1–2, 2–4, 4–8 and 8–16 s, as Mintline waits. */
export const ATTEMPTS = 5;
export const waitMs = (failedAttempts: number, random: number): number =>
  1_000 * 2 ** (failedAttempts - 1) * (1 + random);

export class CallFailed extends Error {
  readonly status: number;
  constructor(where: string, status: number, body: string) {
    super(`${where}: HTTP ${status} ${body.slice(0, 200)}`);
    this.status = status;
  }
}

/** A 429 or 5xx passes, and so does trouble of the network; what else the server refuses it will refuse again. */
export const mayPass = (error: unknown): boolean =>
  !(error instanceof CallFailed) || error.status === 429 || error.status >= 500;

export function startWork({ url, key, collectionId }: Service, inFlight: number): Work {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight, scheduling: "lifo" });
  const authorization = `Bearer ${key}`;
  const projectId = 1;

  const send = (method: string, to: string, headers: Record<string, string>, body: Buffer | null) =>
    new Promise<Buffer>((resolve, reject) => {
      const length: Record<string, string> = body ? { "content-length": String(body.length) } : {};
      const asked = request(to, { method, agent, headers: { ...headers, ...length } }, (answer) => {
        collect(answer, (bytes) => {
          const status = answer.statusCode ?? 0;
          if (status === 200) resolve(bytes);
          else reject(new CallFailed(`${method} ${to}`, status, bytes.toString()));
        }).once("error", reject);
      });
      asked.once("error", reject);
      asked.end(body ?? undefined);
    });
  const call = async (name: string, args: object): Promise<Answer> => {
    const headers = { authorization, "content-type": "application/json" };
    const body = Buffer.from(JSON.stringify({ projectId, ...args }));
    return JSON.parse(String(await send("POST", `${url}/rpc/Collections/${name}`, headers, body)));
  };
  const upload = async (tokenId: string, assetId: number, file: Buffer): Promise<Asset> => {
    const to = `${url}/projects/${projectId}/collections/${collectionId}/tokens/${tokenId}/upload/${assetId}`;
    const headers = { authorization, "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
    const body = Buffer.concat([PART_HEAD, file, PART_TAIL]);
    return JSON.parse(String(await send("PUT", to, headers, body)));
  };

  return {
    async publish({ image, ...token }, progress) {
      const file = await send("GET", image, {}, null);
      if (file.indexOf(PNG) !== 0) throw new CallFailed(`GET ${image}: no PNG`, 422, "");
      const { tokenId } = token;
      if (!progress.tokenMade) await call("CreateToken", { collectionId, token, private: true });
      progress.tokenMade = true;
      if (progress.assetId === undefined) {
        const asset = { collectionId, tokenId, metadataField: "image" };
        progress.assetId = (await call("CreateAsset", { asset })).asset.id;
      }
      const uploaded = await upload(tokenId, progress.assetId, file);
      if (uploaded.filesize !== file.length)
        throw new Error(`${tokenId}: uploaded ${uploaded.filesize} bytes`);
      progress.assetUrl = uploaded.url;
      await call("UpdateToken", { collectionId, tokenId, token, private: false });
    },
  };
}

type Asset = { readonly id: number; readonly url: string; readonly filesize?: number };
type Answer = { readonly asset: Asset };

function collect(answer: IncomingMessage, done: (bytes: Buffer) => void): IncomingMessage {
  const pieces: Buffer[] = [];
  answer.on("data", (piece: Buffer) => pieces.push(piece));
  return answer.once("end", () => done(pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)));
}

const BOUNDARY = "bench-7f4e";
const PART_HEAD = Buffer.from(
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="image.png"\r\nContent-Type: image/png\r\n\r\n`,
);
const PART_TAIL = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
