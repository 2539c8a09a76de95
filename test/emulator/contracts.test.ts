import { describe, expect, it } from "vitest";
import { defaultPublicKey } from "../../emulator/keys.ts";
import { json, type Player, play, webrpc } from "./play.ts";

const address = `0x${"Ab".repeat(20)}`;
const lower = address.toLowerCase();

async function withLink(): Promise<Player & { id: number }> {
  const player = await play();
  const id = await player.makeCollection();
  const contractCollection = { chainId: 137, contractAddress: address, collectionId: id };
  await player.rpc("CreateContractCollection", { projectId: 1, contractCollection });
  return { ...player, id };
}

describe("the five methods of contract collections", () => {
  it("require the project in the body, and it must be the key's", async () => {
    const { rpc } = await play();
    for (const verb of ["Create", "Get", "Update", "Delete"]) {
      const method = `${verb}ContractCollection`;
      expect(await rpc(method, {})).toMatchObject(webrpc("RequiredArgument", 2002, 400));
      expect(await rpc(method, { projectId: 2 })).toMatchObject(webrpc("PermissionDenied", 1001, 403));
    }
    expect(await rpc("ListContractCollections", {})).toMatchObject(webrpc("RequiredArgument", 2002, 400));
  });

  it("echo a link with its id and the address in lower case; a second one is 409", async () => {
    const { rpc, makeCollection } = await play();
    const contractCollection = {
      chainId: 137,
      contractAddress: address,
      collectionId: await makeCollection(),
    };
    const link = { projectId: 1, contractCollection };
    const { json: made } = await rpc("CreateContractCollection", link);
    expect(made).toEqual({ contractCollection: { id: 370, ...contractCollection, contractAddress: lower } });
    expect(await rpc("CreateContractCollection", link)).toMatchObject(webrpc("RequestConflict", 1004, 409));
  });

  it("need a collection and an address in hex", async () => {
    const { rpc, id } = await withLink();
    const create = (contractCollection: object) =>
      rpc("CreateContractCollection", { projectId: 1, contractCollection });
    const absent = await create({ chainId: 1, contractAddress: address, collectionId: 1 });
    expect(absent).toMatchObject(webrpc("NotFound", 3000, 400));
    const nowhere = await create({ chainId: 1, collectionId: id });
    expect(nowhere).toMatchObject(webrpc("RequiredArgument", 2002, 400));
    const unreadable = await create({ chainId: 1, contractAddress: "relics.eth", collectionId: id });
    expect(unreadable).toMatchObject(webrpc("WebrpcBadRequest", -4, 400));
  });

  it("read and list links with their collections", async () => {
    const { rpc, id } = await withLink();
    const where = { projectId: 1, chainId: 137, contractAddress: address };
    const link = { id: 370, chainId: 137, contractAddress: lower, collectionId: id };
    expect((await rpc("GetContractCollection", where)).json).toEqual({ contractCollection: link });
    const { json: list } = await rpc("ListContractCollections", { projectId: 1, collectionId: id });
    expect(list).toMatchObject({
      contractCollections: [link],
      collections: [{ id }],
      page: { pageSize: 30, more: false },
    });
    expect(
      (await rpc("ListContractCollections", { projectId: 1, collectionId: 9 })).json.contractCollections,
    ).toEqual([]);
  });

  it("update to {ok:true}, delete to {ok:true} as often as asked", async () => {
    const { rpc, makeCollection } = await withLink();
    const collectionId = await makeCollection();
    const contractCollection = { id: 370, chainId: 1, contractAddress: address, collectionId };
    expect((await rpc("UpdateContractCollection", { projectId: 1, contractCollection })).json).toEqual({
      ok: true,
    });
    const where = { projectId: 1, chainId: 1, contractAddress: address };
    expect((await rpc("GetContractCollection", where)).json.contractCollection).toMatchObject({
      collectionId,
    });
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await rpc("DeleteContractCollection", where)).json).toEqual({ ok: true });
    }
    expect(await rpc("GetContractCollection", where)).toMatchObject(webrpc("NotFound", 3000, 400));
    const gone = await rpc("UpdateContractCollection", { projectId: 1, contractCollection });
    expect(gone).toMatchObject(webrpc("NotFound", 3000, 400));
  });
});

describe("Metadata", () => {
  const ask = async ({ call }: Player, method: string, body: object) =>
    call("POST", `/rpc/Metadata/${method}`, {
      headers: { ...json, "x-access-key": defaultPublicKey },
      body: JSON.stringify(body),
    });
  const contract = { chainID: "137", contractAddress: address };

  it("shows public tokens of a linked contract, and empty ones for the rest", async () => {
    const player = await withLink();
    const { rpc, makeToken, id } = player;
    await makeToken(id, "1", { private: false });
    await makeToken(id, "2");
    await rpc("PublishCollection", { collectionId: id });
    const { json: shown } = await ask(player, "GetTokenMetadata", { ...contract, tokenIDs: ["1", "2"] });
    expect(shown.tokenMetadata).toMatchObject([
      { tokenId: "1", name: "Relic 1", image: expect.stringContaining("/image.png"), status: "AVAILABLE" },
      { tokenId: "2", name: "", image: "", status: "NOT_AVAILABLE" },
    ]);
  });

  it("refreshes at once, as a task that is done", async () => {
    const player = await withLink();
    const { json: task } = await ask(player, "RefreshTokenMetadata", { ...contract, tokenIDs: ["1"] });
    expect(task.taskID).toBe(70_000);
    expect((await ask(player, "GetTaskStatus", { taskId: task.taskID })).json).toEqual({ status: "DONE" });
    expect(await ask(player, "GetTaskStatus", { taskId: 1 })).toMatchObject(webrpc("NotFound", 3000, 400));
    const unknown = await ask(player, "RefreshTokenMetadata", { ...contract, chainID: "1" });
    expect(unknown).toMatchObject(webrpc("NotFound", 3000, 400));
  });

  it("answers Ping, Version and RuntimeStatus", async () => {
    const player = await play();
    expect((await ask(player, "Ping", {})).json).toEqual({ status: true });
    expect((await ask(player, "Version", {})).json.version).toMatchObject({ schemaVersion: "v0.4.0" });
    expect((await ask(player, "RuntimeStatus", {})).json.status).toMatchObject({ healthOK: true });
  });
});
