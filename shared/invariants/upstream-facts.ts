/** The other side's part of the facts, from an emulator's `/_emulator/state` and `/_emulator/ledger`. */
import * as z from "zod";
import type { CallFact, UpstreamFacts } from "./facts.ts";

const State = z.object({
  tokens: z.array(
    z.object({
      collectionId: z.number(),
      tokenId: z.string(),
      isPrivate: z.boolean(),
      metadata: z.record(z.string(), z.unknown()),
    }),
  ),
  assets: z.array(
    z.object({
      id: z.number(),
      collectionId: z.number(),
      tokenId: z.string().nullable(),
      field: z.string(),
      sha256: z.string().nullable(),
    }),
  ),
});

const LedgerPage = z.object({
  items: z.array(
    z.object({
      id: z.number(),
      at: z.number(),
      surface: z.string(),
      method: z.string(),
      collectionId: z.number().nullable(),
      tokenId: z.string().nullable(),
      assetId: z.number().nullable(),
      field: z.string().nullable(),
      status: z.number().nullable(),
      acted: z.number().nullable(),
      fault: z.string().nullable(),
      isPrivate: z.boolean().nullable(),
    }),
  ),
  next: z.number(),
});

/** One answer of the ledger; an answer of 100,000 calls is about 40 MB of text. */
const PAGE = 20_000;

/**
 * @param get answers the JSON behind a path of the emulator
 * @param of only what concerns one of these collections; left out: everything, also calls that concern none
 */
export async function readUpstreamFacts(
  get: (path: string) => Promise<unknown>,
  of?: readonly number[],
): Promise<UpstreamFacts> {
  const parts = await Promise.all(
    (of ?? [null]).map(async (collectionId) => {
      const only = collectionId === null ? "" : `collectionId=${collectionId}`;
      const calls = await readLedger(get, only);
      const { tokens, assets } = State.parse(await get(`/_emulator/state?${only}`));
      return { tokens, assets, calls };
    }),
  );
  return {
    tokens: parts.flatMap(({ tokens }) => tokens),
    assets: parts.flatMap(({ assets }) => assets),
    calls: parts.flatMap(({ calls }) => calls),
  };
}

async function readLedger(get: (path: string) => Promise<unknown>, only: string): Promise<CallFact[]> {
  const calls: CallFact[] = [];
  for (let after = 0; ; ) {
    const page = LedgerPage.parse(await get(`/_emulator/ledger?${only}&limit=${PAGE}&after=${after}`));
    calls.push(...page.items.filter(({ id }) => id <= page.next || page.items.length < PAGE));
    if (page.items.length < PAGE || page.next <= after) return calls;
    after = page.next;
  }
}
