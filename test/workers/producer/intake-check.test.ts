import { describe, expect, test } from "vitest";
import type { Failure } from "../../../shared/job/failure.ts";
import { fail } from "../../../shared/result.ts";
import { pauseBatch, resumeBatch } from "../../../shared/store/batch-control.ts";
import { sql } from "../../../shared/store/db.ts";
import { readIntake } from "../../../shared/store/intake.ts";
import { completeUnchanged } from "../../../shared/store/intake-tokens.ts";
import { putMediaFile } from "../../../shared/store/media-files.ts";
import {
  batchOf,
  db,
  drain,
  intakeRun,
  jobsOf,
  received,
  rows,
  taken,
  target,
  told,
  upstream,
} from "../../support/intake.ts";

const failure = (given: Partial<Failure>): Failure => ({
  reason: "outcome_unknown",
  code: "sequence.unavailable",
  message: "GetCollection: expected an answer, got none",
  next: "Nothing to do.",
  httpStatus: null,
  retryAfterSeconds: null,
  evidence: null,
  ...given,
});

describe("one GetCollection after validation", () => {
  test("an unknown collection ends the batch, without a write", async () => {
    const { batch, errors, run } = await taken(rows(500), { collectionId: 987_654 });
    expect(batch).toMatchObject({ state: "invalid", rows_valid: 500, pending: 0 });
    expect(told(errors)).toEqual(["1  collection.not_found"]);
    expect(errors[0]?.next).toContain("mintline collection list");
    expect(run.dispatched()).toBe(0);
    expect((await upstream.calls(987_654)).map(({ method }) => method)).toEqual(["GetCollection"]);
  });

  test("a refused key halts it, and resume goes on", async () => {
    const collectionId = await upstream.makeCollection();
    await upstream.setFaults({
      where: { collectionId, method: "GetCollection" },
      what: { kind: "refusedKey" },
      times: 1,
    });
    const { id, batch, run } = await taken(rows(4), { collectionId });
    expect(batch).toMatchObject({ state: "halted", pending: 4, halted: { code: "key.refused" } });
    expect(run.sent).toEqual([]);
    expect(await resumeBatch(db, { target, id, now: 9 })).toBe("validating");
    await drain(id, run);
    expect(await batchOf(id)).toMatchObject({ state: "running", pending: 4, halted: null });
    expect(run.dispatched()).toBe(1);
  });

  test("a 429 is waited out for as long as it says", async () => {
    const collectionId = await upstream.makeCollection();
    await upstream.setFaults({
      where: { collectionId, method: "GetCollection" },
      what: { kind: "status", status: 429, error: "QuotaRateLimit", retryAfterSeconds: 7 },
      times: 1,
    });
    const clock = { now: 1_000_000 };
    const run = intakeRun({ now: () => clock.now });
    const { id, batch } = await taken(rows(2), { collectionId }, run);
    expect(run.sent).toEqual([{ batchId: id, delaySeconds: 7 }]);
    expect(batch).toMatchObject({
      state: "validating",
      waiting: { reason: "rate_limited", since: 1_000_000, until: 1_007_000 },
    });
    run.sent.length = 0;
    // The sweep's message comes too early, and changes nothing.
    await drain(id, run);
    expect(await upstream.calls(collectionId)).toHaveLength(1);
    clock.now += 7_000;
    await drain(id, run);
    expect(await batchOf(id)).toMatchObject({ state: "running", waiting: null });
  });

  test("an outage is waited out longer and longer, named from its beginning", async () => {
    const clock = { now: 1_000_000 };
    const down = async () => fail(failure({}));
    const run = intakeRun({
      now: () => clock.now,
      sequence: { getCollection: down, listTokens: intakeRun().sequence.listTokens },
    });
    const id = await received(rows(1));
    const delays: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      await drain(id, run);
      const message = run.sent.shift();
      delays.push(message?.delaySeconds);
      clock.now += (message?.delaySeconds ?? 0) * 1_000;
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect((await batchOf(id)).waiting).toMatchObject({ reason: "upstream_down", since: 1_000_000 });
  });

  test("what nobody can name is tried five times, then a person is asked", async () => {
    const clock = { now: 1_000_000 };
    const odd = async () => fail(failure({ reason: "unnamed", code: "sequence.unnamed" }));
    const run = intakeRun({
      now: () => clock.now,
      sequence: { getCollection: odd, listTokens: intakeRun().sequence.listTokens },
    });
    const id = await received(rows(1));
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await drain(id, run);
      clock.now += 100_000;
    }
    expect(await batchOf(id)).toMatchObject({
      state: "halted",
      halted: { code: "sequence.unnamed" },
      waiting: null,
    });
  });

  test("a batch paused while it waits goes on after resume", async () => {
    const id = await received(rows(1));
    const down = intakeRun({
      sequence: { getCollection: async () => fail(failure({})), listTokens: intakeRun().sequence.listTokens },
    });
    await drain(id, down);
    await pauseBatch(db, { target, id, now: 5 });
    await drain(id);
    expect((await batchOf(id)).state).toBe("paused");
    await resumeBatch(db, { target, id, now: 6 });
    await drain(id);
    expect((await batchOf(id)).state).toBe("running");
  });
});

describe("tokens that somebody else made", () => {
  const notedIn = async (collectionId: number) =>
    (
      await db.run(
        sql(
          "SELECT token_id, batch_id, claims, owned FROM manifest WHERE target = ?1 AND collection_id = ?2",
          target,
          collectionId,
        ),
      )
    ).rows;

  test("are noted as far as the batch names them, so that the first claim looks", async () => {
    const collectionId = await upstream.makeCollection();
    for (const tokenId of ["2", "77"]) await upstream.makeToken(collectionId, tokenId, "By hand");
    const { batch } = await taken(rows(3), { collectionId });
    expect(batch.state).toBe("running");
    expect(await notedIn(collectionId)).toEqual([{ token_id: "2", batch_id: "", claims: 1, owned: 0 }]);
    expect((await upstream.calls(collectionId)).map(({ method }) => method)).toEqual([
      "CreateToken",
      "CreateToken",
      "GetCollection",
      "ListTokens",
    ]);
  });

  test("are not looked for where all that is upstream is ours", async () => {
    const collectionId = await upstream.makeCollection();
    await upstream.makeToken(collectionId, "1", "Ours");
    await own(collectionId, ["1"]);
    await taken(rows(2), { collectionId });
    expect((await upstream.calls(collectionId)).map(({ method }) => method)).not.toContain("ListTokens");
  });

  test("a listing of many pages is followed to its end, also where a page comes twice", async () => {
    const collectionId = await upstream.makeCollection();
    await upstream.makeToken(collectionId, "1", "By hand");
    const pages = [["1"], ["1"], ["2", "9"], ["3"]];
    const asked: (number | undefined)[] = [];
    const real = intakeRun().sequence;
    const run = intakeRun({
      sequence: {
        getCollection: real.getCollection,
        async listTokens({ page }) {
          asked.push(page?.page);
          const answer = await real.listTokens({ collectionId });
          if (!answer.ok) return answer;
          const [token] = answer.value.tokens;
          const ids = pages[page?.page ?? 0] ?? [];
          return {
            ok: true,
            value: {
              tokens: ids.flatMap((tokenId) => (token ? [{ ...token, tokenId }] : [])),
              page: { page: page?.page ?? 0, pageSize: 1, more: (page?.page ?? 0) < pages.length - 1 },
            },
          };
        },
      },
    });
    await taken(rows(3), { collectionId }, run);
    expect(asked).toEqual([0, 1, 2, 3]);
    expect((await notedIn(collectionId)).map(({ token_id }) => token_id)).toEqual(["1", "2", "3"]);
  });

  test("a server that answers the same page for ever is not asked for ever", async () => {
    const collectionId = await upstream.makeCollection();
    await upstream.makeToken(collectionId, "1", "By hand");
    const real = intakeRun().sequence;
    let asked = 0;
    const run = intakeRun({
      sequence: {
        getCollection: real.getCollection,
        async listTokens() {
          asked += 1;
          const answer = await real.listTokens({ collectionId });
          return answer.ok
            ? { ok: true, value: { ...answer.value, page: { page: 0, pageSize: 1, more: true } } }
            : answer;
        },
      },
    });
    const { batch } = await taken(rows(1), { collectionId }, run);
    expect(batch.state).toBe("running");
    expect(asked).toBeLessThan(5);
    expect(run.logged.join()).toContain("intake.listing_stuck");
  });
});

/** As if an earlier batch had made these tokens. */
async function own(collectionId: number, tokenIds: string[]): Promise<void> {
  for (const tokenId of tokenIds) {
    await db.run(
      sql(
        `INSERT INTO manifest (target, collection_id, token_id, batch_id, line, owned) VALUES (?1, ?2, ?3, 'old', 1, 1)`,
        target,
        collectionId,
        tokenId,
      ),
    );
  }
}

/** Completes a batch's jobs as the consumer would, and points the manifest at them. */
async function publish(batchId: string, collectionId: number, published = true): Promise<void> {
  await db.batch([
    sql(
      `UPDATE jobs SET state = 'completed', outcome = 'created',
         outputs = json_object('token', 'created', 'sent', json('false'), 'assets', json('[]'), 'published', json(?2))
       WHERE batch_id = ?1`,
      batchId,
      String(published),
    ),
    sql(
      `INSERT INTO manifest (target, collection_id, token_id, batch_id, line)
       SELECT ?2, ?3, token_id, batch_id, line FROM jobs WHERE batch_id = ?1
       ON CONFLICT (target, collection_id, token_id) DO UPDATE SET batch_id = excluded.batch_id, line = excluded.line`,
      batchId,
      target,
      collectionId,
    ),
  ]);
}

describe("rows that have not changed", () => {
  const edited = rows(4).replace("Relic 3", "Another");

  async function second(file: string, given: Parameters<typeof taken>[1] = {}, published = true) {
    const collectionId = await upstream.makeCollection();
    const one = await taken(rows(4), { collectionId });
    await publish(one.id, collectionId, published);
    return taken(file, { ...given, collectionId });
  }

  test("are completed without a call; a changed one runs", async () => {
    const { batch, jobs, run } = await second(edited);
    expect(batch).toMatchObject({ state: "running", pending: 1, completed: 3, unchanged: 3, rows_valid: 4 });
    expect(jobs.map(({ state, outcome }) => [state, outcome])).toEqual([
      ["completed", "unchanged"],
      ["completed", "unchanged"],
      ["pending", null],
      ["completed", "unchanged"],
    ]);
    expect(JSON.parse(String(jobs[0]?.outputs))).toMatchObject({ token: "created", published: true });
    expect(run.dispatched()).toBe(1);
  });

  test("in a whole file finish the batch at once", async () => {
    const { batch, run } = await second(rows(4));
    expect(batch).toMatchObject({ state: "finished", pending: 0, completed: 4, unchanged: 4 });
    expect(batch.finished_at).not.toBeNull();
    expect(run.dispatched()).toBe(0);
  });

  test.each<[string, Parameters<typeof taken>[1], boolean]>([
    ["with force", { options: { force: true } }, true],
    ["whose media lies behind URLs that are to be asked again", { options: { refreshMedia: true } }, true],
    ["that are to be published now", {}, false],
  ])("run all the same %s", async (_, given, published) => {
    expect((await second(rows(4), given, published)).batch).toMatchObject({
      state: "running",
      pending: 4,
      unchanged: 0,
    });
  });

  test("are not those that an earlier batch was told to skip: it wrote nothing", async () => {
    const collectionId = await upstream.makeCollection();
    const one = await taken(rows(2), { collectionId });
    await publish(one.id, collectionId, false);
    await db.run(
      sql(
        "UPDATE jobs SET outcome = 'unchanged', outputs = json_set(outputs, '$.token', NULL) WHERE batch_id = ?1",
        one.id,
      ),
    );
    const { batch } = await taken(rows(2), {
      collectionId,
      options: { publish: false, onExisting: "update" },
    });
    expect(batch).toMatchObject({ state: "running", pending: 2, unchanged: 0 });
  });

  test("are completed by nobody who comes after they were counted", async () => {
    const collectionId = await upstream.makeCollection();
    const one = await taken(rows(2), { collectionId });
    const { id } = await taken(rows(2), { collectionId });
    await publish(one.id, collectionId);
    const standing = async (after: number) => {
      const state = JSON.stringify({ phase: "unchanged", after });
      await db.run(
        sql("UPDATE batches SET state = 'validating', intake_state = ?2 WHERE id = ?1", id, state),
      );
      const batch = await readIntake(db, target, id);
      if (!batch) throw new Error("not in validation");
      return batch;
    };
    const page = { after: 0, through: 9, publish: true, refreshMedia: false, now: 9 };
    const [late, current] = [await standing(0), await standing(9)];
    await db.run(completeUnchanged(late, page));
    expect((await jobsOf(id)).map(({ state }) => state)).toEqual(["pending", "pending"]);
    await db.run(completeUnchanged(current, page));
    expect((await jobsOf(id)).map(({ state }) => state)).toEqual(["completed", "completed"]);
  });

  test("count only for their own target and collection, and only if their job completed", async () => {
    const collectionId = await upstream.makeCollection();
    const one = await taken(rows(4), { collectionId });
    await publish(one.id, collectionId);
    await db.run(
      sql("UPDATE jobs SET state = 'dead', outcome = NULL WHERE batch_id = ?1 AND line = 2", one.id),
    );
    await db.run(
      sql(
        "UPDATE manifest SET target = 'elsewhere#1' WHERE collection_id = ?1 AND token_id = '2'",
        collectionId,
      ),
    );
    expect((await taken(rows(4), { collectionId })).batch).toMatchObject({ pending: 2, unchanged: 2 });
    expect((await taken(rows(4))).batch).toMatchObject({ pending: 4, unchanged: 0 });
  });
});

describe("a dry run", () => {
  test("answers with a plan, and nothing runs", async () => {
    const collectionId = await upstream.makeCollection();
    const one = await taken(rows(3), { collectionId });
    await publish(one.id, collectionId);
    // More tokens than are ours, so that they are listed.
    for (const tokenId of ["4", "91", "92", "93"]) await upstream.makeToken(collectionId, tokenId, "By hand");
    const file = `${rows(2)}3,Edited,https://example.com/3.png\n4,Foreign,https://example.com/4.png\n5,New,https://example.com/5.png\n6,New,https://example.com/6.png\n`;
    const { batch, run } = await taken(file, { collectionId, options: { dryRun: true } });
    expect(batch).toMatchObject({
      state: "planned",
      pending: 4,
      completed: 2,
      unchanged: 2,
      started_at: null,
    });
    expect(batch.plan).toEqual({
      create: 2,
      update: 1,
      unchanged: 2,
      conflict: 1,
      calls: 2 * 4 + 3 + 1,
      bytes: 0,
      seconds: 2,
    });
    expect(run.dispatched()).toBe(0);
    expect((await jobsOf(batch.id)).filter(({ state }) => state === "pending")).toHaveLength(4);
  });

  test.each([
    ["as they were read", "3,C,a.png", { create: 3, calls: 4 + 6 + 4, bytes: 1_300 + 500 }],
    ["without a row that was taken out", "2,C,a.png", { create: 2, calls: 4 + 6, bytes: 1_300 }],
  ])("of a collection that nobody has touched counts the media %s", async (_, last, expected) => {
    const set = `relics ${last}`;
    for (const [fileName, bytes, contentType] of [
      ["a.png", 500, "image/png"],
      ["b.mp4", 800, "video/mp4"],
    ] as const) {
      const file = { sha256: fileName.repeat(12), bytes, contentType, now: 1 };
      await putMediaFile(db, { target, set, fileName }, file);
    }
    const file = `tokenId,name,image,video\n1,A,https://example.com/1.png,\n2,B,a.png,b.mp4\n${last},\n`;
    const { batch } = await taken(file, { options: { dryRun: true, mediaSet: set, onInvalid: "skip" } });
    expect(batch.plan).toMatchObject({ ...expected, update: 0, unchanged: 0, conflict: 0 });
  });
});
