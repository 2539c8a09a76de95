/** The metrics as a scraper reads them, and what they cost. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { openDb, sql } from "../../../shared/store/db.ts";
import { readMetrics } from "../../../shared/store/metrics.ts";
import { db, producer, target } from "../../support/producer.ts";
import { seedBatch } from "../../support/rows.ts";

const api = producer();

/** Reads the text by the rules of OpenMetrics 1.0; throws where a line breaks them. */
function parse(text: string): Map<string, number> {
  const lines = text.split("\n");
  expect(lines.slice(-2)).toEqual(["# EOF", ""]);
  const samples = new Map<string, number>();
  const described = new Map<string, Set<string>>();
  for (const line of lines.slice(0, -2)) {
    const meta = /^# (TYPE|HELP) ([a-z_]+) (.+)$/.exec(line);
    if (meta) {
      const [, kind = "", name = ""] = meta;
      const kinds = described.get(name) ?? new Set();
      expect(kinds.has(kind), `${kind} of ${name} once`).toBe(false);
      described.set(name, kinds.add(kind));
      if (kind === "TYPE") expect(meta[3]).toBe("gauge");
      continue;
    }
    const sample = /^([a-z_]+)(\{(?:[a-z_]+="[^"\\\n]*",?)*\})? (-?\d+(?:\.\d+)?)$/.exec(line);
    if (!sample) throw new Error(`no sample: ${line}`);
    const [, name = "", labels = "", value] = sample;
    expect(described.get(name)?.size, `${name} is described before its samples`).toBe(2);
    expect(samples.has(name + labels)).toBe(false);
    samples.set(name + labels, Number(value));
  }
  return samples;
}

describe("GET /metrics", () => {
  test("is OpenMetrics about what is under way", async () => {
    const before = parse((await api.ask("/metrics")).text);
    const id = await seedBatch(db, { target: target(), rows: 5 });
    await db.run(
      sql(
        `UPDATE batches SET pending = 3, completed = 2, rate_per_second = 1.5,
           waiting = '{"reason":"media_host_down","host":"h","since":1,"until":null,"message":"m"}' WHERE id = ?1`,
        id,
      ),
    );
    await seedBatch(db, { target: target(), rows: 7, state: "finished" });
    await seedBatch(db, { target: "emulator#99", rows: 7 });
    const answer = await api.ask("/metrics");
    expect(answer.headers.get("content-type")).toContain("application/openmetrics-text");
    const after = parse(answer.text);
    const more = (name: string) => (after.get(name) ?? Number.NaN) - (before.get(name) ?? Number.NaN);
    expect(more('mintline_batches{state="running"}')).toBe(1);
    expect(more('mintline_jobs{state="pending"}')).toBe(3);
    expect(more('mintline_jobs{state="completed"}')).toBe(2);
    expect(more("mintline_jobs_per_second")).toBe(1.5);
    expect(more('mintline_batches_waiting{reason="media_host_down"}')).toBe(1);
    expect(after.get('mintline_held{reason="upstream_down"}')).toBe(0);
    expect(after.get('mintline_queue_messages{queue="jobs"}')).toBeTypeOf("number");
  });

  test("needs a token, and shows no address or id", async () => {
    expect((await api.ask("/metrics", { headers: { authorization: "Bearer nobody" } })).status).toBe(401);
    expect((await api.ask("/metrics?x=1")).status).toBe(400);
    expect((await api.ask("/metrics")).text).not.toMatch(/bat_|http/);
  });

  test("costs what is under way, not what has been", async () => {
    const of = "emulator#98";
    for (let n = 0; n < 30; n += 1) await seedBatch(db, { target: of, rows: 0, state: "finished" });
    await seedBatch(db, { target: of, rows: 3_000 });
    const meter = { calls: 0, rowsRead: 0, rowsWritten: 0 };
    await readMetrics(openDb(env.DB, meter), of);
    expect(meter).toMatchObject({ calls: 1, rowsWritten: 0 });
    expect(meter.rowsRead).toBeLessThanOrEqual(10);
  });
});
