/** Spooled media that a crash left behind goes after a day; what may still be wanted stays. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { DAY, MINUTE } from "../../../shared/limits.ts";
import { spoolKey } from "../../../shared/media/store.ts";
import { sweepSpool } from "../../../workers/producer/sweep/spool.ts";

const HOUR = 60 * MINUTE;
const names = async () => (await env.BUCKET.list()).objects.map(({ key }) => key.split("/")[0]);
const sweepAt = (now: number) => sweepSpool({ bucket: env.BUCKET, now: () => now });

test("once an hour what is older than a day is deleted, and nothing else", async () => {
  for (const key of [spoolKey(), spoolKey(), "media/ab", "batches/bat_1/source"])
    await env.BUCKET.put(key, "x");
  const nextHour = Math.ceil(Date.now() / HOUR) * HOUR;
  expect(await sweepAt(nextHour)).toBe(0);
  expect(await sweepAt(nextHour + 2 * DAY + 2 * MINUTE)).toBe(0);
  expect((await names()).filter((name) => name === "spool")).toHaveLength(2);
  expect(await sweepAt(nextHour + 2 * DAY)).toBe(2);
  expect(await names()).toEqual(["batches", "media"]);
  expect(await sweepAt(nextHour + 3 * DAY)).toBe(0);
});
