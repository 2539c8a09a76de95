/**
 * The statements that move jobs, in random order and by random hands, beside a model of what they promise: two
 * batches over the same tokens; deliveries that come twice, late, or lose their lease; answers that get lost; people
 * who pause, resume, cancel and replay in between. After each transaction the promises hold, after each call store
 * and model are the same; and when all is calm again, everything ends.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Db } from "../../../shared/store/db.ts";
import { runs } from "../../support/properties.ts";
import { db } from "../../support/store.ts";
import { calmDown } from "./model/calm.ts";
import { DOCTORED, healthyMoment, patched } from "./model/doctored.ts";
import { MUTANTS, mutate } from "./model/mutants.ts";
import { PROMISES } from "./model/promises.ts";
import { inSqlite } from "./model/sqlite.ts";
import { steps } from "./model/steps.ts";
import { Broken, createWorld, specs } from "./model/world.ts";

/** What is found is made short, and that takes its time; so do the runs of somebody who asks for many. */
const TIMEOUT_MS = 600_000;

const lives = (database: Db, rewrite?: (sql: string) => string) =>
  fc.asyncProperty(specs, steps(120), async (spec, commands) => {
    const { model, real } = await createWorld(database, spec, rewrite);
    await fc.asyncModelRun(() => ({ model, real }), commands);
    if (rewrite === undefined) await calmDown(model, real);
  });

describe("whatever happens in whatever order, nothing is lost and nothing doubled", () => {
  it("on D1", () => fc.assert(lives(db), runs(8)), TIMEOUT_MS);

  it(
    "in SQLite alone, more often",
    () => inSqlite("lives", (sqlite) => fc.assert(lives(sqlite), runs(60))),
    TIMEOUT_MS,
  );
});

describe("it is noticed when a statement goes without", () => {
  it.each(MUTANTS)(
    "$without",
    async (mutant) => {
      await inSqlite(mutant.without, async (sqlite) => {
        const { rewrite, applied } = mutate(mutant);
        const found = await fc.check(lives(sqlite, rewrite), { ...runs(300), endOnFailure: true });
        expect(applied()).toBeGreaterThan(0);
        expect(found.errorInstance).toBeInstanceOf(Broken);
        // By what it does, not because SQLite refused a text that we have spoilt.
        expect(String(found.errorInstance)).not.toContain("the store failed");
      });
    },
    TIMEOUT_MS,
  );

  it(
    "and told in a few steps that anyone can follow, with the seed to see it again",
    async () => {
      const mutant = MUTANTS.find(({ without }) => without.includes("when a settle releases"));
      if (mutant === undefined) throw new Error("that mutant is gone");
      await inSqlite("told", async (sqlite) => {
        const found = await fc.check(lives(sqlite, mutate(mutant).rewrite), runs(300));
        const told = `${await fc.asyncDefaultReportMessage(found)}\n${found.errorInstance}`;
        expect(told).toContain(`seed: ${found.seed}`);
        expect(told).toMatch(
          /dispatch up to \d of ([ab]) as d1,.*claim .*,settle under L\d: ([ab]:\d) pending/,
        );
        expect(told).toMatch(/after\n(.*\n){0,6}.*settle under L\d+: .*pending[^\n]*$/);
      });
    },
    TIMEOUT_MS,
  );
});

describe("each promise is one that can be broken", () => {
  it.each(Object.keys(PROMISES) as (keyof typeof PROMISES)[])("%s", async (name) => {
    // keys forgets them
    await inSqlite(name, async (sqlite) => {
      const moment = await healthyMoment(sqlite);
      expect(PROMISES[name](moment)).toEqual([]);
      const after = patched(moment.after, DOCTORED[name](moment.after));
      expect(PROMISES[name]({ ...moment, after })).not.toEqual([]);
    });
  });
});
