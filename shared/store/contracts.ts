/** Contracts that collections were linked to: what we recorded, and what Sequence made of it. */
import * as z from "zod";
import { json } from "./columns.ts";
import { type Db, sql } from "./db.ts";

/** What Sequence said where it would not link the contract as well. */
export const Refused = z.object({ code: z.string(), message: z.string(), next: z.string() });
export type Refused = z.infer<typeof Refused>;

const ContractRow = z.object({
  collection_id: z.number(),
  chain_id: z.number(),
  contract_address: z.string(),
  linked: z.number().transform((bit) => bit === 1),
  refused: json(Refused).nullable(),
  created_at: z.number(),
});
export type ContractRow = z.infer<typeof ContractRow>;

export type ContractKey = {
  readonly target: string;
  readonly collectionId: number;
  readonly chainId: number;
  /** `0x` and 40 lower-case hex digits. */
  readonly contractAddress: string;
};

const COLUMNS = Object.keys(ContractRow.shape).join(", ");

/** Recorded first and linked after: whatever Sequence says, the person's word is kept. */
export async function insertContract(db: Db, key: ContractKey, now: number): Promise<ContractRow> {
  const [, found] = await db.batch([
    sql(
      `INSERT INTO contracts (target, collection_id, chain_id, contract_address, created_at)
       VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING`,
      ...keyOf(key),
      now,
    ),
    sql(`SELECT ${COLUMNS} FROM contracts WHERE ${IS_IT}`, ...keyOf(key)),
  ]);
  return ContractRow.parse(found?.rows[0]);
}

/** @param refused null: Sequence has it as well. One that was linked stays so. */
export async function markLinked(db: Db, key: ContractKey, refused: Refused | null): Promise<void> {
  await db.run(
    sql(
      `UPDATE contracts SET linked = ?5, refused = ?6 WHERE ${IS_IT} AND linked = 0`,
      ...keyOf(key),
      refused === null ? 1 : 0,
      refused && JSON.stringify(refused),
    ),
  );
}

/** All of a collection: a few at most. Oldest first. */
export async function listContracts(
  db: Db,
  given: { target: string; collectionId: number },
): Promise<ContractRow[]> {
  const { rows } = await db.run(
    sql(
      `SELECT ${COLUMNS} FROM contracts WHERE target = ?1 AND collection_id = ?2
       ORDER BY created_at, chain_id, contract_address LIMIT 100`,
      given.target,
      given.collectionId,
    ),
  );
  return rows.map((row) => ContractRow.parse(row));
}

const IS_IT = "target = ?1 AND collection_id = ?2 AND chain_id = ?3 AND contract_address = ?4";
const keyOf = ({ target, collectionId, chainId, contractAddress }: ContractKey) =>
  [target, collectionId, chainId, contractAddress] as const;
