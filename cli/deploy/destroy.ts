/**
 * Takes back what a deploy made, by name, and only after the producer's name has been typed. Nothing is asked of
 * Sequence: what is published there stays published. It can be repeated: what is gone is not looked for.
 */
import * as z from "zod";
import { fail, ok, type Result } from "../../shared/result.ts";
import { EXIT, type ExitCode, tellFault, usageFault } from "../failure.ts";
import type { Terminal } from "../terminal.ts";
import { type Ask, faultOf, type Refusal } from "./api.ts";
import type { Asker } from "./ask.ts";
import { WORKERS } from "./committed.ts";
import type { Wanted } from "./complete.ts";
import { emptyBucket } from "./empty-bucket.ts";
import type { Facts } from "./facts.ts";

type Removal = { readonly what: string; readonly remove: () => Promise<Result<unknown, Refusal>> };

export async function destroy(
  wanted: Wanted,
  facts: Facts,
  ask: Ask,
  account: string,
  asker: Asker,
  terminal: Terminal,
  dryRun: boolean,
): Promise<ExitCode> {
  const removals = removalsOf(wanted, facts, ask, `/accounts/${account}`);
  if (removals.length === 0) {
    terminal.say(`Nothing of ${wanted.environment} is in this account.`);
    return EXIT.good;
  }
  terminal.say(
    `Of ${wanted.environment} there are in this account, with everything in them:`,
    ...removals.map(({ what }) => `  ${what}`),
    "Nothing at Sequence is touched: what is published there stays published, and your key stays valid.",
  );
  if (dryRun) return EXIT.good;
  const { name } = wanted.workers.producer;
  const typed = await asker.line(`Type ${name} to remove all of it for good: `);
  if (typed !== name) return tellFault(terminal, notTyped(name));
  for (const { what, remove } of removals) {
    const done = await remove();
    if (!done.ok) return tellFault(terminal, faultOf(done.error));
    if (done.value === "later") return stillFull(wanted.bucket, terminal);
    terminal.say(`removed ${what}`);
  }
  return EXIT.good;
}

/** The producer first, so that nothing is sent any more; a queue only when nobody consumes it. */
function removalsOf(wanted: Wanted, facts: Facts, ask: Ask, at: string): Removal[] {
  const workers = [...WORKERS].reverse().filter((id) => facts.workers[id] !== null);
  const queues = wanted.queues.flatMap((name) => {
    const queue = facts.queues.get(name);
    return queue === undefined ? [] : [{ name, id: queue.id }];
  });
  const { database, bucket } = facts;
  return [
    ...workers.map((id) => ({
      what: `Worker ${wanted.workers[id].name}${id === "consumer" ? ", with its Durable Object UpstreamGate" : ""}`,
      remove: () => removeWorker(ask, at, wanted.workers[id].name, queues),
    })),
    ...queues.map(({ name, id }) => ({
      what: `queue ${name}`,
      remove: () => ask("DELETE", `${at}/queues/${id}`, z.unknown()),
    })),
    ...(database === null
      ? []
      : [
          {
            what: `D1 database ${wanted.database}: batches, jobs, dead letters, the manifest of what is published`,
            remove: () => ask("DELETE", `${at}/d1/database/${database.id}`, z.unknown()),
          },
        ]),
    ...(bucket === null
      ? []
      : [
          {
            what: `R2 bucket ${wanted.bucket}: files as submitted, media sets`,
            remove: () => emptyBucket(ask, at, wanted.bucket),
          },
        ]),
  ];
}

const Consumers = z.array(
  z.looseObject({
    consumer_id: z.string(),
    script: z.string().optional(),
    script_name: z.string().optional(),
    service: z.string().optional(),
  }),
);

/** A Worker that still consumes a queue cannot go; only its own consumers are taken off. */
async function removeWorker(
  ask: Ask,
  at: string,
  name: string,
  queues: readonly { readonly id: string }[],
): Promise<Result<unknown, Refusal>> {
  for (const { id } of queues) {
    const listed = await ask("GET", `${at}/queues/${id}/consumers`, Consumers);
    if (!listed.ok) return listed;
    const own = listed.value.filter((one) => (one.script ?? one.script_name ?? one.service) === name);
    for (const { consumer_id } of own) {
      const removed = await ask("DELETE", `${at}/queues/${id}/consumers/${consumer_id}`, z.unknown());
      if (!removed.ok) return fail(removed.error);
    }
  }
  const removed = await ask("DELETE", `${at}/workers/scripts/${name}?force=true`, z.unknown());
  return removed.ok ? ok("done") : removed;
}

const notTyped = (name: string) =>
  usageFault(
    "deploy.not_confirmed",
    `Expected the name ${name}, got something else: nothing was removed.`,
    "Run the same command again and type the name, if it is meant.",
  );

function stillFull(bucket: string, terminal: Terminal): ExitCode {
  terminal.say(
    `R2 bucket ${bucket} holds too many files to delete one by one: a lifecycle rule now empties it within a day.`,
    "next: Run the same command again tomorrow; it removes the empty bucket. Everything else is gone.",
  );
  return EXIT.rows;
}
