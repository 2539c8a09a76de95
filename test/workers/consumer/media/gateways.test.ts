/** `ipfs:` and `ar:` through three gateways: who is asked, who is spared, and what becomes of the job. */
import { describe, expect, test } from "vitest";
import type { Answer, Report } from "../../../../workers/consumer/gate/words.ts";
import { bytes, fixture, sha256 } from "../../../shared/media/fixtures.ts";
import { deliver, makeDue, onlyJob, queuedBatch } from "../../../support/consumer.ts";
import { type MediaHost, mediaHosts, type Saying } from "../../../support/hostile.ts";
import { argsOf } from "../../../support/rows.ts";

const { hosts, dead, all } = mediaHosts();
const [first, second, third] = hosts;
const png = fixture("tiny.png");

let made = 0;
/** Content of its own for every test: the gateways are everybody's. */
const newCid = () => `Qm${String(++made).replaceAll("0", "y").padStart(44, "z")}`;

/** A job whose picture is asked of these gateways, each with its answer. */
async function asked(
  gateways: readonly (readonly [MediaHost, ...Saying[]])[],
  given: { ar?: boolean; patienceMs?: number } = {},
) {
  const id = given.ar ? newCid().slice(-43) : newCid();
  const path = given.ar ? `/${id}/1.png` : `/ipfs/${id}/1.png`;
  for (const [host, ...says] of gateways) if (host !== dead) await host.say(path, ...says);
  const source = { kind: "url" as const, url: `${given.ar ? "ar" : "ipfs"}://${id}/1.png` };
  const batch = await queuedBatch({
    args: (line) => ({ ...argsOf(line), media: [{ field: "image", source }] }),
  });
  const bases = gateways.map(([host]) => host.url).join(",");
  const variables = { MEDIA_PRIVATE_HOSTS: all, [given.ar ? "AR_GATEWAYS" : "IPFS_GATEWAYS"]: bases };
  const run = async (env: Partial<ConsumerEnv> = {}) => {
    const CALL_TIMEOUT_MS = String(given.patienceMs ?? 5_000);
    await deliver(batch.keys, { variables: { ...variables, CALL_TIMEOUT_MS }, env });
    return onlyJob(batch.id);
  };
  const seen = () => Promise.all(gateways.map(([host]) => (host === dead ? 0 : host.seen(path))));
  return { ...batch, run, seen };
}

const OK: Saying = { bytes: png };

describe("in the configured order, until one gives it", () => {
  test("a dead gateway among three: the next one is asked, once, and the last one not at all", async () => {
    const { run, seen, emulator, collectionId } = await asked([[dead], [second, OK], [third, OK]]);
    const job = await run();
    expect(job).toMatchObject({ state: "completed", attempt: 1 });
    expect(await seen()).toEqual([0, 1, 0]);
    expect(job.outputs?.assets[0]?.sha256).toBe(await sha256(png));
    const token = await emulator.seePublic(`/projects/1/collections/${collectionId}/tokens/2.json`);
    const { image = "" } = (await token.json()) as { image?: string };
    expect(await (await fetch(image)).bytes()).toEqual(png);
  });

  test.each<[string, Saying]>([
    ["limits", { status: 429, headers: { "retry-after": "30" } }],
    ["is busy", { status: 503 }],
    ["hangs", { ends: "silent" }],
    [
      "hangs in the middle",
      { bytes: png.subarray(0, 40), headers: { "content-length": "83" }, ends: "hang" },
    ],
    ["breaks off", { bytes: png.subarray(0, 40), headers: { "content-length": "83" }, ends: "cut" }],
    ["is in trouble", { status: 502 }],
    ["does not find it", { status: 404 }],
    ["serves only its own customers", { status: 403 }],
    ["has to block it", { status: 410 }],
    ["answers with a page", { bytes: fixture("page.png") }],
    ["answers an error with status 200", { bytes: bytes('{"error":"no providers"}') }],
    ["redirects inside", { status: 302, headers: { location: "http://169.254.169.254/" } }],
    ["gives no byte", {}],
  ])("one that %s", async (_, says) => {
    const gateways = [[first, says] as const, [second, OK] as const, [third, OK] as const];
    const { run, seen } = await asked(gateways, says.ends ? { patienceMs: 1_000 } : {});
    expect(await run()).toMatchObject({ state: "completed", attempt: 1 });
    expect(await seen()).toEqual([1, 1, 0]);
  });

  test("ar: the same", async () => {
    const { run, seen } = await asked(
      [
        [first, { status: 504 }],
        [second, OK],
      ],
      { ar: true },
    );
    expect(await run()).toMatchObject({ state: "completed" });
    expect(await seen()).toEqual([1, 1]);
  });

  test("what is wrong with the file itself is wrong everywhere", async () => {
    const { run, seen } = await asked([
      [first, { bytes: fixture("script.svg") }],
      [second, OK],
    ]);
    expect(await run()).toMatchObject({ state: "dead", error: { code: "media.unsafe_svg" } });
    expect(await seen()).toEqual([1, 0]);
  });
});

describe("where all fail", () => {
  test("one that asked to wait decides: the job waits, at no cost, and then goes on", async () => {
    const limits = { status: 429, headers: { "retry-after": "7" } };
    const { id, run, seen, emulator, collectionId } = await asked([
      [dead],
      [second, limits, OK],
      [third, { status: 404 }],
    ]);
    const job = await run();
    expect(job).toMatchObject({
      state: "snoozed",
      attempt: 0,
      error: { code: "media.rate_limited", httpStatus: 429 },
    });
    expect(job.error?.message).toContain(`${dead.host} media.network`);
    expect(job.error?.message).toContain(`${third.host} answered 404, media.not_found`);
    expect(await emulator.calls(collectionId)).toEqual([]);
    await makeDue(id);
    expect(await run()).toMatchObject({ state: "completed", attempt: 1 });
    expect(await seen()).toEqual([0, 2, 1]);
  });

  test("else one in trouble: an attempt, and another", async () => {
    const { run } = await asked([[first, { status: 404 }], [second, { status: 500 }], [dead]]);
    expect(await run()).toMatchObject({
      state: "retryable",
      attempt: 1,
      error: { code: "media.host_error", httpStatus: 500 },
    });
  });

  test("nobody has it: buried, and every gateway's answer is named", async () => {
    const nowhere = { status: 404 };
    const { run, emulator, collectionId } = await asked([
      [first, nowhere],
      [second, nowhere],
      [third, { bytes: fixture("page.png") }],
    ]);
    const job = await run();
    expect(job).toMatchObject({ state: "dead", attempt: 1, error: { code: "media.html", httpStatus: 200 } });
    for (const { host } of hosts) expect(job.error?.message).toContain(host);
    expect(await emulator.calls(collectionId)).toEqual([]);
  });
});

describe("a gateway whose gate is shut", () => {
  const TURNS = { from: 0, everyMs: 0, calls: 100, lateMs: 0, era: 0 };
  const OPEN: Answer = { kind: "open", turns: TURNS, failedInARow: 0 };
  const shut = (): Answer => ({
    kind: "shut",
    reason: "down",
    since: Date.now() - 1_000,
    until: Date.now() + 9_000,
    herald: true,
  });

  /** The gates of these hosts are shut; every other one is open. */
  const gates = (...down: MediaHost[]) => {
    const told: [name: string, report: Report][] = [];
    const answerOf = (name: string) => (down.some(({ host }) => name.endsWith(host)) ? shut() : OPEN);
    const getByName = (name: string) => ({
      enter: async () => ({
        answer: answerOf(name),
        pass: {
          more: async () => answerOf(name),
          tell: async (report: Report) => {
            told.push([name, report]);
            return answerOf(name);
          },
        },
      }),
    });
    return { env: { GATE: { getByName } as never }, told };
  };

  test("is passed over", async () => {
    const { run, seen } = await asked([
      [first, OK],
      [second, OK],
    ]);
    expect(await run(gates(first).env)).toMatchObject({ state: "completed", attempt: 1 });
    expect(await seen()).toEqual([0, 1]);
  });

  test("counts its own calls only: the failing one is told of its failure, the next of its success", async () => {
    const { run } = await asked([
      [first, { status: 502 }],
      [second, OK],
    ]);
    const { env, told } = gates();
    await run(env);
    const of = ({ host }: MediaHost) => told.find(([name]) => name.endsWith(host))?.[1];
    expect(of(first)).toMatchObject({ calls: 1, failed: 1 });
    expect(of(second)).toMatchObject({ calls: 1, failed: 0 });
    expect(of(third)).toBeUndefined();
  });

  test("all of them: the job waits until the first may be asked, and costs nothing", async () => {
    const { run, seen, emulator, collectionId } = await asked([
      [first, OK],
      [second, OK],
    ]);
    const job = await run(gates(first, second).env);
    expect(job).toMatchObject({ state: "snoozed", attempt: 0, error: { code: "media.host_down" } });
    expect(await seen()).toEqual([0, 0]);
    expect(await emulator.calls(collectionId)).toEqual([]);
  });
});
