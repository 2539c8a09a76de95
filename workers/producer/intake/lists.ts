/** What each slice of a file leaves for the end of it, in R2: lists of numbers, one of a kind for each slice. */
import type { HashList } from "../../../shared/intake/hash-lists.ts";
import type { IntakeBatch } from "../../../shared/store/intake.ts";
import type { IntakeContext } from "./context.ts";

/** `derived`: lines of rows that have no id of their own in a file that has a column of them. */
type Kind = "addresses" | "tokens" | "derived";
type Place = Pick<IntakeContext, "bucket">;

const prefixOf = ({ id }: IntakeBatch, kind: Kind): string => `batches/${id}/${kind}/`;

/** Named by where the slice began: done twice it is the same list under the same name. */
export async function keepList(
  batch: IntakeBatch,
  kind: Kind,
  list: HashList,
  { bucket }: Place,
): Promise<void> {
  if (list.length === 0) return;
  await bucket.put(`${prefixOf(batch, kind)}${String(batch.place.offset).padStart(12, "0")}`, list);
}

/** A list of 4 MB of file is some 100 kB, so those of the largest file are some megabytes together. */
export async function readLists(batch: IntakeBatch, kind: Kind, { bucket }: Place): Promise<HashList[]> {
  const lists: HashList[] = [];
  for (const key of await keysOf(batch, kind, bucket)) {
    const object = await bucket.get(key);
    // Copied, because a list of numbers must begin where numbers may.
    if (object) lists.push(new Float64Array((await object.bytes()).slice().buffer));
  }
  return lists;
}

export async function dropLists(batch: IntakeBatch, kind: Kind, { bucket }: Place): Promise<void> {
  const keys = await keysOf(batch, kind, bucket);
  if (keys.length > 0) await bucket.delete(keys);
}

const keysOf = async (batch: IntakeBatch, kind: Kind, bucket: R2Bucket): Promise<string[]> =>
  (await bucket.list({ prefix: prefixOf(batch, kind) })).objects.map(({ key }) => key);
