/** So many at once; who waits looks whether he still may; what nobody gave back is free again. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { LIMITS } from "../../../shared/limits.ts";
import { openBody } from "../../../shared/media/body.ts";
import { spool } from "../../../shared/media/spool.ts";
import { spoolKey } from "../../../shared/media/store.ts";
import { createRoom } from "../../../shared/room.ts";
import { bigPng, streamOf } from "./fixtures.ts";

const quiet = () => undefined;

test("no more than there are places, and the next as soon as one leaves", async () => {
  const room = createRoom({ places: 2, heldMs: 1_000, pollMs: 1, now: () => 0 });
  const leave = await room.enter(quiet);
  await room.enter(quiet);
  let looks = 0;
  const third = room.enter(() => {
    looks += 1;
    if (looks === 3) leave();
  });
  const leaveThird = await third;
  expect(looks).toBe(3);
  leaveThird();
  leaveThird();
  await room.enter(quiet);
  await expect(
    room.enter(() => {
      throw new Error("stopped");
    }),
  ).rejects.toThrow("stopped");
});

test("a place that nobody gave back is free after its time", async () => {
  let now = 0;
  const room = createRoom({ places: 1, heldMs: 1_000, pollMs: 1, now: () => now });
  await room.enter(quiet);
  now = 1_001;
  await room.enter(quiet);
});

test("of bodies that do not say how long they are so many are taken into R2 at once, however many come", async () => {
  const picture = bigPng(1_100_000, 31);
  let putting = 0;
  let most = 0;
  const bucket = new Proxy(env.BUCKET, {
    get(target, name) {
      if (name !== "put") return Reflect.get(target, name);
      return async (...args: Parameters<R2Bucket["put"]>) => {
        most = Math.max(most, ++putting);
        const put = await target.put(...args);
        putting -= 1;
        return put;
      };
    },
  });
  const take = async (): Promise<boolean> => {
    const key = spoolKey();
    const { pull } = openBody(streamOf(picture));
    const options = { bucket, key, declaredBytes: null, maxBytes: 2e6, field: null, where: "a.png" };
    const spooled = await spool(pull, options);
    await env.BUCKET.delete(key);
    return spooled.ok;
  };
  const many = LIMITS.mediaPartsAtOnce + 3;
  expect(await Promise.all(Array.from({ length: many }, take))).toEqual(Array(many).fill(true));
  expect(most).toBe(LIMITS.mediaPartsAtOnce);
}, 30_000);
