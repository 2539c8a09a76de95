import { expect, test } from "vitest";
import { makeKey } from "../../../emulator/keys.ts";
import { DoctorReport, type Finding } from "../../../shared/api/contract.ts";
import { checkClock, dateRecorder } from "../../../workers/producer/doctor/clock.ts";
import { emulatorAt } from "../../support/emulator.ts";
import { emulator, producer } from "../../support/producer.ts";

const upstream = emulatorAt(emulator().url, emulator().key);

type Check = "config" | "plan" | "key" | "access" | "write" | "collection" | "clock" | "d1" | "r2" | "queue";
type Report = { readonly ok: boolean; readonly codes: readonly string[] } & Readonly<
  Partial<Record<Check, Finding>>
>;

/** The findings by their check. */
async function examine(variables: Record<string, unknown> = {}): Promise<Report> {
  const { status, body } = await producer(variables).ask("/v1/doctor");
  expect(status).toBe(200);
  const { ok, findings } = DoctorReport.parse(body);
  for (const finding of findings) {
    expect(finding.ok).toBe(finding.severity !== "error");
    if (finding.severity !== "ok") expect(finding.next).toMatch(/\w/);
  }
  const byCheck: Partial<Record<string, Finding>> = Object.fromEntries(
    findings.map((finding) => [finding.check, finding]),
  );
  return { ...byCheck, ok, codes: findings.map(({ code }) => code) };
}

test("a deployment in order is told so, with what to type to publish", async () => {
  const collectionId = await upstream.makeCollection();
  const report = await examine({ COLLECTION_ID: String(collectionId) });
  expect(report.ok).toBe(true);
  expect(report.codes).toEqual([
    "config.ok",
    "key.ok",
    "access.ok",
    "write.ok",
    "collection.private",
    "clock.ok",
    "d1.ok",
    "r2.ok",
    "queue.ok",
  ]);
  expect(report.collection?.next).toContain(`mintline collection publish ${collectionId}`);
  expect((await upstream.calls(collectionId)).map(({ method }) => method)).toEqual(["GetCollection"]);
});

test("a deployment that is configured for Workers Free tells its limits", async () => {
  const { plan, ok } = await examine({ PLAN: "free" });
  expect(plan).toMatchObject({ code: "plan.free", severity: "warning" });
  expect(plan?.message).toMatch(
    /3,000 items a day .*10,000 queue operations.*one job a delivery \(50 subrequests\)/,
  );
  expect(ok).toBe(true);
});

test("a published collection needs nothing more", async () => {
  const published = await upstream.makeCollection(true);
  expect((await examine({ COLLECTION_ID: String(published) })).collection).toMatchObject({
    code: "collection.published",
    next: null,
  });
});

test("no collection is a warning, one that is gone is an error", async () => {
  expect((await examine()).collection).toMatchObject({ code: "collection.unset", severity: "warning" });
  const report = await examine({ COLLECTION_ID: "999999999" });
  expect(report.ok).toBe(false);
  expect(report.collection).toMatchObject({ code: "collection.not_found", severity: "error" });
});

test("a read-only key is told from one that may write", async () => {
  const key = await makeKey({ project: emulator().project, access: "read" });
  const report = await examine({ JWT_ACCESS_KEY: key });
  expect(report.access?.code).toBe("access.ok");
  expect(report.write).toMatchObject({ code: "key.read_only", severity: "error" });
  expect(report.write?.next).toContain("Write access");
});

test("a key with a foreign signature is refused, and nothing more is asked with it", async () => {
  const key = await makeKey({
    project: emulator().project,
    secret: "a-completely-different-secret-of-32-bytes",
  });
  const report = await examine({ JWT_ACCESS_KEY: key });
  expect(report.access).toMatchObject({ code: "key.refused", severity: "error" });
  expect(report.write).toBeUndefined();
});

test("an expired key is seen without asking, and one that expires soon is a warning", async () => {
  const project = emulator().project;
  const expired = await examine({
    JWT_ACCESS_KEY: await makeKey({ project, exp: 1_800_000_000 - 500_000_000 }),
  });
  expect(expired.key).toMatchObject({ code: "key.expired", severity: "error" });
  expect(expired.access?.code).toBe("key.expired");
  const soon = Math.floor(Date.now() / 1000) + 3_600;
  expect((await examine({ JWT_ACCESS_KEY: await makeKey({ project, exp: soon }) })).key).toMatchObject({
    code: "key.expires_soon",
    severity: "warning",
  });
  const later = Math.floor(Date.now() / 1000) + 864_000;
  expect((await examine({ JWT_ACCESS_KEY: await makeKey({ project, exp: later }) })).key?.code).toBe(
    "key.ok",
  );
});

test("a spent quota has its own code", async () => {
  await upstream.setFaults({
    id: "quota",
    where: { method: "ListCollections" },
    what: { kind: "spentQuota" },
    times: 1,
  });
  expect((await examine()).access).toMatchObject({ code: "quota.spent", severity: "error" });
});

test("an address where nothing listens says so; the platform's findings are still there", async () => {
  const report = await examine({ METADATA_URL: "http://127.0.0.1:9" });
  expect(report.access?.code).toBe("sequence.unreachable");
  expect(report.clock?.code).toBe("clock.unknown");
  expect(report.d1?.code).toBe("d1.ok");
});

test("a queue or bucket that does not answer is named", async () => {
  const down = () => Promise.reject(new Error("no such thing"));
  const report = await examine({ BUCKET: { head: down }, JOBS: { metrics: down } });
  expect([report.r2?.code, report.queue?.code, report.ok]).toEqual([
    "r2.unreachable",
    "queue.unreachable",
    false,
  ]);
});

test("clocks are compared by the Date of answers", async () => {
  const date = (ms: number) => new Date(ms).toUTCString();
  const recorder = dateRecorder(
    async () => new Response(null, { headers: { date: date(1_000_000_000_000) } }),
    () => 1_000_000_090_000,
  );
  expect(recorder.skewMs()).toBeNull();
  await recorder.fetch("http://127.0.0.1/", {});
  expect(recorder.skewMs()).toBe(90_000);
  expect(checkClock(90_000)).toMatchObject({ code: "clock.skewed", severity: "error" });
  expect(checkClock(-90_000).message).toContain("90 s behind");
  expect(checkClock(30_000)).toMatchObject({ code: "clock.ok", message: "30 s ahead of Sequence's clock." });
  expect(checkClock(900).code).toBe("clock.ok");
});
