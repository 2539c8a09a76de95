/** Fetches back what the demo has published, shows it as a table, and says whether all of it held. */
import type { Batch, Collection } from "../../shared/api/contract.ts";
import type { Context } from "../context.ts";
import { expectedTokens, type LocalFiles } from "./expectation.ts";
import { type Proof, proveAll } from "./fetch-back.ts";

/** A token id may have 78 digits; the table is for people. */
const ID_SHOWN = 20;

/** One file with its batch at rest and the media that its cells mean. */
export type Submitted = { readonly csv: string; readonly batch: Batch; readonly files: LocalFiles };
export type Proven = { readonly batch: Batch; readonly proofs: readonly Proof[] };

/** Every row of the file against what everybody can read. */
export async function proveSubmitted(
  { terminal }: Context,
  { baseUri }: Collection,
  { csv, batch, files }: Submitted,
): Promise<Proven> {
  const expected = expectedTokens(csv, files);
  const progress = terminal.progress();
  const proofs = await proveAll(baseUri, expected, (done) =>
    progress.update(done, expected.length, `${done} of ${expected.length} tokens fetched back`),
  );
  progress.stop();
  terminal.table([["TOKEN", "NAME", "PUBLIC URL"], ...proofs.map(tableRow)]);
  return { batch, proofs };
}

function tableRow({ tokenId, name, url, differences }: Proof): string[] {
  const id = tokenId.length > ID_SHOWN ? `${tokenId.slice(0, ID_SHOWN - 1)}…` : tokenId;
  return [id, name, differences.length === 0 ? url : `${url}  DIFFERS`];
}

/** What did not hold, a sentence each; empty if the demo proved what it claims. */
export function shortcomings({ batch, proofs }: Proven): string[] {
  const { name, state, rows, jobs } = batch;
  const whole = state === "finished" && rows.total > 0 && jobs.completed === rows.total;
  const counts = `${jobs.completed} (${state}, ${rows.invalid} invalid, ${jobs.dead} dead)`;
  return [
    ...(whole ? [] : [`${name}: expected all ${rows.total} rows completed, got ${counts}`]),
    ...(proofs.length === rows.total
      ? []
      : [`${name}: expected ${rows.total} tokens to be fetched back, got ${proofs.length}`]),
    ...proofs.flatMap(({ tokenId, differences }) => differences.map((one) => `token ${tokenId}: ${one}`)),
  ];
}

export function summary(proven: readonly Proven[]): string {
  const proofs = proven.flatMap((one) => one.proofs);
  const held = proofs.filter((proof) => proof.differences.length === 0);
  const files = held.reduce((sum, proof) => sum + proof.files, 0);
  const bytes = held.reduce((sum, proof) => sum + proof.bytes, 0);
  return `${held.length} of ${proofs.length} tokens are public as submitted: metadata under both addresses, ${files} files, ${bytes} bytes compared.`;
}
