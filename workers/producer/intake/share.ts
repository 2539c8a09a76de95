/** The end of the rows: which media addresses several of them need. Nothing is written for a file that has none. */
import {
  type AddressCollector,
  type AddressList,
  sharedAddressesMax,
  sharedPlaces,
} from "../../../shared/intake/addresses.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { type IntakeBatch, moveIntake, recordStep } from "../../../shared/store/intake.ts";
import { insertFetches } from "../../../shared/store/media-fetches.ts";
import { goIf, type IntakeContext, type Next } from "./context.ts";
import { placeWith, type StateOf } from "./state.ts";

const prefixOf = ({ id }: IntakeBatch): string => `batches/${id}/addresses/`;

/** What one slice has found. Named by where the slice began: done twice it is the same list under the same name. */
export async function keepAddresses(
  batch: IntakeBatch,
  addresses: AddressCollector,
  { bucket }: IntakeContext,
): Promise<void> {
  const list = addresses.list();
  if (list.length === 0) return;
  await bucket.put(`${prefixOf(batch)}${String(batch.place.offset).padStart(12, "0")}`, list);
}

export async function shareAddresses(
  batch: IntakeBatch,
  { opening, listed }: StateOf<"share">,
  ctx: IntakeContext,
): Promise<Next> {
  const { keys, lists } = await readLists(batch, ctx);
  const stops = batch.rows.invalid > 0 && batch.options.onInvalid === "stop";
  const places = stops ? [] : sharedPlaces(lists, sharedAddressesMax(batch.rows.valid));
  // Outside the transaction that moves the batch: they are only ever added, and may be many.
  for (let from = 0; from < places.length; from += LIMITS.insertRows) {
    await ctx.db.batch([
      insertFetches(batch.id, JSON.stringify(places.slice(from, from + LIMITS.insertRows))),
    ]);
  }
  const to = placeWith(batch.place, { phase: "duplicates", opening, listed, removed: 0 });
  const moved = await recordStep(ctx.db, [], moveIntake(batch, { to, now: ctx.now() }));
  if (moved && keys.length > 0) await ctx.bucket.delete(keys);
  return goIf(moved);
}

/** A list of 4 MB of file is some 100 kB, so those of the largest file are some megabytes together. */
async function readLists(
  batch: IntakeBatch,
  { bucket }: IntakeContext,
): Promise<{ keys: string[]; lists: AddressList[] }> {
  const { objects } = await bucket.list({ prefix: prefixOf(batch) });
  const keys = objects.map(({ key }) => key);
  const lists: AddressList[] = [];
  for (const key of keys) {
    const object = await bucket.get(key);
    // Copied, because a list of numbers must begin where numbers may.
    if (object) lists.push(new Float64Array((await object.bytes()).slice().buffer));
  }
  return { keys, lists };
}
