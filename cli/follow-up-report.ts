/** The end of a publish, an unpublish or a verify in words: what was flipped, left alone, or found to have drifted. */
import type { Batch, DriftView } from "../shared/api/contract.ts";
import type { Context } from "./context.ts";

/** Few enough to stay on one screen. */
const SHOWN = 20;

/** What was left alone, and what a verify found. */
export async function tellFollowUp(context: Context, batch: Batch): Promise<void> {
  const { terminal, typed } = context;
  if (batch.warnings > 0)
    terminal.say(`what was left alone, and why: ${typed(`status ${batch.id} --errors`)}`);
  if (batch.kind === "verify" && batch.drifts > 0) await tellDrifts(context, batch);
}

async function tellDrifts({ client, terminal, failed }: Context, batch: Batch): Promise<void> {
  const page = await client.drifts(batch.id, { limit: SHOWN });
  if (!page.ok) return void failed(page.error);
  terminal.say(...page.value.items.flatMap(driftText));
  if (page.value.nextCursor !== null) {
    terminal.say(`  … ${batch.drifts} in all: GET /v1/batches/${batch.id}/drifts lists them.`);
  }
}

const driftText = ({ tokenId, line, field, expected, got, next }: DriftView): string[] => {
  const where = line === 0 ? "the collection" : `token ${tokenId} (line ${line})`;
  return [`  ${where}: ${field}: expected ${expected}, got ${got}`, `    next: ${next}`];
};
