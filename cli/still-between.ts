/** What is still between a batch's tokens and the public, the nearest first: one line, and what to type. */
import type { Batch } from "../shared/api/contract.ts";
import type { Context } from "./context.ts";

/** Says nothing where nothing is in the way, or nobody can tell. */
export async function tellStillBetween(context: Context, batch: Batch): Promise<void> {
  if (batch.jobs.completed === 0 || batch.kind === "verify") return;
  const line =
    privateText(context, batch) ?? (batch.state === "finished" ? await walletText(context, batch) : null);
  if (line !== null) context.terminal.say(line);
}

function privateText({ typed }: Context, batch: Batch): string | null {
  if (batch.kind === "unpublish") {
    return `not public: the tokens are private again. Type: ${typed(`publish ${batch.sourceId}`)}`;
  }
  if (isStaged(batch)) {
    return `not public: the tokens are private, as --no-publish asked. Type: ${typed(`publish ${batch.id}`)}`;
  }
  if (batch.collectionPublished) return null;
  return `not public yet: collection ${batch.collectionId} is not published. Type: ${typed(`collection publish ${batch.collectionId}`)}`;
}

/** Ids of batches begin with their time, so the latest of two follow-ups is the greater. */
function isStaged({ kind, publish, followUps }: Batch): boolean {
  if (kind !== "submit") return false;
  const { publish: published, unpublish: taken } = followUps;
  if (published === null && taken === null) return !publish;
  return (taken ?? "") > (published ?? "");
}

/** Indexers ask a contract, and look again only when they are told to. */
async function walletText({ client, typed }: Context, batch: Batch): Promise<string | null> {
  const contracts = await client.contracts(batch.collectionId);
  if (!contracts.ok) return null;
  if (contracts.value.items.length === 0) {
    return `public, but in no wallet yet unless a contract points here. Type: ${typed(`collection link ${batch.collectionId} --chain CHAIN_ID --contract 0x…`)}`;
  }
  if (batch.outcomes.created + batch.outcomes.updated === 0) return null;
  return `public; wallets and marketplaces may show it as it was. Type: ${typed(`collection refresh ${batch.collectionId} --batch ${batch.id}`)}`;
}
