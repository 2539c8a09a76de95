/** What every emulator test starts from: an emulator without a socket, and short ways to call it. */
import { onTestFinished } from "vitest";
import { defaultWriteKey } from "../../emulator/keys.ts";
import { picture } from "../../emulator/picture.ts";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../emulator/server.ts";

export interface Answered {
  status: number;
  headers: Headers;
  text: string;
  /** Parsed where it is JSON. */
  json: Json;
}

/** JSON of any shape: tests look into it with matchers. */
export type Json = { [key: string]: Json } & { [index: number]: Json };

export const json = { "content-type": "application/json" };
export const secret = { authorization: `Bearer ${defaultWriteKey}` };

export function player(emulator: Emulator, url = emulator.url, send = emulator.fetch) {
  const call = async (method: string, path: string, init: RequestInit = {}): Promise<Answered> =>
    answered(await send(new Request(new URL(path, url), { method, ...init })));
  const rpc = (method: string, body: unknown, headers: Record<string, string> = secret) =>
    call("POST", `/rpc/Collections/${method}`, {
      headers: { ...json, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const put = (
    path: string,
    file: string | Uint8Array<ArrayBuffer> = picture(path),
    name = "file",
    headers: Record<string, string> = secret,
  ) => {
    const body = new FormData();
    body.append(name, new Blob([file]));
    return call("PUT", path, { headers, body });
  };
  return {
    emulator,
    call,
    rpc,
    put,
    get: (path: string, headers: Record<string, string> = {}) => call("GET", path, { headers }),
    async makeCollection(collection: object = {}): Promise<number> {
      const made = await rpc("CreateCollection", {
        collection: { metadata: { name: "Relics" }, ...collection },
      });
      return Number(made.json.collection?.id);
    },
    /** A token with its picture; returns the asset's id. */
    async makeToken(collectionId: number, tokenId: string, more: object = {}): Promise<number> {
      await rpc("CreateToken", { collectionId, token: { tokenId, name: `Relic ${tokenId}` }, ...more });
      const made = await rpc("CreateAsset", { asset: { collectionId, tokenId, metadataField: "image" } });
      const id = Number(made.json.asset?.id);
      await put(`/projects/1/collections/${collectionId}/tokens/${tokenId}/upload/${id}`);
      return id;
    },
  };
}

export type Player = ReturnType<typeof player>;

/** Ends with the test that asked for it. */
export async function play(options: EmulatorOptions = {}): Promise<Player> {
  const emulator = await startEmulator({ port: null, ...options });
  onTestFinished(() => emulator.close());
  return player(emulator);
}

/** The same over a socket on 127.0.0.1. */
export async function playOverHttp(options: EmulatorOptions = {}): Promise<Player> {
  const emulator = await startEmulator(options);
  onTestFinished(() => emulator.close());
  return player(emulator, emulator.url, fetch);
}

export async function answered(response: Response): Promise<Answered> {
  const text = await response.text();
  const isJson = text !== "" && (response.headers.get("content-type") ?? "").startsWith("application/json");
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : {} };
}

/** What an error answer must hold; `cause` where the test is about it. */
export function webrpc(error: string, code: number, status: number) {
  return { status, json: { error, code, status, msg: expectText() } };
}

function expectText(): unknown {
  return { asymmetricMatch: (value: unknown) => typeof value === "string" && value.length > 0 };
}
