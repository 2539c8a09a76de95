/** Where wallets and marketplaces look: the contracts of a collection, and what indexers know of its tokens. */
import { getAddress } from "ethers/address";
import type { Context } from "hono";
import { ulid } from "ulid";
import {
  type Contract,
  ContractInput,
  type Problem,
  type Refresh,
  RefreshRequest,
} from "../../../shared/api/contract.ts";
import { problem } from "../../../shared/api/problems.ts";
import type { Failure } from "../../../shared/job/failure.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import {
  type ContractKey,
  type ContractRow,
  insertContract,
  listContracts,
  markLinked,
  type Refused,
} from "../../../shared/store/contracts.ts";
import { insertRefresh, type RefreshRow, readRefresh } from "../../../shared/store/refreshes.ts";
import { readJson } from "../body.ts";
import { type App, type ProducerContext, tellIntake } from "../context.ts";
import { refuse } from "../problem.ts";
import { NoQuery, readQuery } from "../query.ts";
import { iso, isoOrNull } from "../views/time.ts";
import { findBatch } from "./batches.ts";
import { findCollection, readCollectionId } from "./collections.ts";

type C = Context<App>;

export async function getContracts(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const id = readCollectionId(c);
  if (!id.ok) return refuse(id.error);
  const rows = await listContracts(ctx.db, { target: ctx.config.target, collectionId: id.value });
  return c.json({ items: rows.map(contractView), nextCursor: null });
}

/** Recorded in any case; where Sequence will not have it, the answer says so and why. May be done twice. */
export async function linkContract(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const input = await readJson(c.req.raw, ContractInput);
  if (!input.ok) return refuse(input.error);
  const contractAddress = addressOf(input.value.contractAddress);
  if (contractAddress === null) return refuse(badAddress(input.value.contractAddress));
  const collection = await findCollection(c);
  if (!collection.ok) return refuse(collection.error);
  const { chainId } = input.value;
  const key = { target: ctx.config.target, collectionId: collection.value.id, chainId, contractAddress };
  const row = await insertContract(ctx.db, key, ctx.now());
  if (!row.linked) await markLinked(ctx.db, key, await linkUpstream(ctx, key));
  const after = await insertContract(ctx.db, key, ctx.now());
  ctx.log.info("collection.linked", { ...key, linked: after.linked, by: c.var.caller.name });
  return c.json(contractView(after), 201);
}

/** @returns null: Sequence has it linked to this collection, now or before. */
async function linkUpstream(ctx: ProducerContext, key: ContractKey): Promise<Refused | null> {
  const made = await ctx.sequence.createContractCollection(key);
  if (made.ok) return null;
  // It may be linked already, by hand or by a call whose answer was lost.
  const there = await ctx.sequence.getContractCollection(key);
  if (there.ok && there.value.collectionId === key.collectionId) return null;
  const { code, message } = made.error;
  return { code, message, next: nextAfter(made.error, there.ok ? there.value.collectionId : null) };
}

const nextAfter = (failure: Failure, other: number | null): string =>
  other !== null
    ? `At Sequence the contract belongs to collection ${other}: take it away from there, then link it again.`
    : failure.reason === "invalid" || failure.reason === "not_found"
      ? "Check chain and address, then link it again; the record here is kept."
      : "Link it again later; the record here is kept, and nothing else waits for it.";

/** Lower case, as Sequence keeps it; null where it is none, or its checksum says that it was mistyped. */
function addressOf(given: string): string | null {
  try {
    return getAddress(given).toLowerCase();
  } catch {
    return null;
  }
}

const badAddress = (given: string): Problem =>
  problem(
    "body.invalid",
    `contractAddress: expected 0x and 40 hex digits with a checksum that holds, got ${JSON.stringify(given)}.`,
    "Copy the contract's address again, or write all of it in lower case.",
  );

/** 202 with a new refresh; 200 with the same one that is under way. */
export async function refreshCollection(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const asked = await readRequest(c);
  if (!asked.ok) return refuse(asked.error);
  const id = readCollectionId(c);
  if (!id.ok) return refuse(id.error);
  if (ctx.config.projectAccessKey === null) return refuse(noPublicKey);
  const { target } = ctx.config;
  const contracts = await listContracts(ctx.db, { target, collectionId: id.value });
  if (contracts.length === 0) return refuse(noContract(id.value));
  const refreshId = `ref_${ulid(ctx.now())}`;
  const row = await insertRefresh(ctx.db, {
    id: refreshId,
    target,
    collectionId: id.value,
    batchId: asked.value,
    contracts: contracts.map(({ chain_id, contract_address }) => ({
      chainId: chain_id,
      contractAddress: contract_address,
    })),
    now: ctx.now(),
  });
  const isNew = row.id === refreshId;
  if (isNew) await tellIntake(ctx, refreshId);
  c.header("Location", `/v1/refreshes/${row.id}`);
  c.header("Retry-After", "1");
  return c.json(refreshView(row), isNew ? 202 : 200);
}

/** @returns the batch whose tokens are meant; null: all that have changed. */
async function readRequest(c: C): Promise<Result<string | null, Problem>> {
  const { ctx } = c.var;
  const isEmpty = c.req.header("content-length") === "0" || c.req.raw.body === null;
  const body = isEmpty ? ok<{ batchId?: string }>({}) : await readJson(c.req.raw, RefreshRequest);
  if (!body.ok) return body;
  const { batchId } = body.value;
  if (batchId === undefined) return ok(null);
  const batch = await findBatch(ctx, batchId);
  if (!batch.ok) return batch;
  const { collection_id: its } = batch.value;
  if (String(its) === c.req.param("id")) return ok(batchId);
  return fail(
    problem(
      "body.invalid",
      `batchId: expected a batch of collection ${c.req.param("id")}, got one of collection ${its}.`,
      `Refresh collection ${its}, or name another batch.`,
    ),
  );
}

export async function getRefresh(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const id = c.req.param("id") ?? "";
  const row = await readRefresh(ctx.db, ctx.config.target, id);
  if (row === null) {
    return refuse(
      problem(
        "refresh.not_found",
        `There is no refresh ${JSON.stringify(id)} for this target.`,
        "Check the id; POST /v1/collections/{id}/refresh begins one.",
      ),
    );
  }
  if (row.state === "running") c.header("Retry-After", "1");
  return c.json(refreshView(row));
}

const noPublicKey = problem(
  "refresh.no_public_key",
  "Expected PROJECT_ACCESS_KEY, the project's public access key, got none.",
  "Set PROJECT_ACCESS_KEY (Builder → Settings → API Keys): the secret key is refused for this.",
);

const noContract = (collectionId: number): Problem =>
  problem(
    "contract.none",
    `Collection ${collectionId} is linked to no contract, so no wallet shows it yet.`,
    `Link it: \`npx --no mintline collection link ${collectionId} --chain CHAIN_ID --contract 0x…\`.`,
  );

const contractView = (row: ContractRow): Contract => ({
  collectionId: row.collection_id,
  chainId: row.chain_id,
  contractAddress: row.contract_address,
  linked: row.linked,
  refused: row.refused,
  createdAt: iso(row.created_at),
});

const refreshView = (row: RefreshRow): Refresh => ({
  id: row.id,
  collectionId: row.collection_id,
  batchId: row.batch_id,
  state: row.state,
  tokens: row.tokens,
  done: row.done,
  failed: row.failed,
  error: row.error,
  createdAt: iso(row.created_at),
  finishedAt: isoOrNull(row.finished_at),
});
