/** The three result files of a batch: each row in exactly one, as it was submitted, whatever became of the batch. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { JOB_STATES } from "../../../../shared/job/job.ts";
import { sql } from "../../../../shared/store/db.ts";
import { runIntake } from "../../../../workers/producer/intake/intake.ts";
import { STATES_OF } from "../../../../workers/producer/results/standing.ts";
import { batchOf, db, drain, intakeRun, received, type Submission, taken } from "../../../support/intake.ts";
import { producer } from "../../../support/producer.ts";

const api = producer();
const KINDS = ["succeeded", "failed", "unprocessed"] as const;
type Kind = (typeof KINDS)[number];

async function get(id: string, kind: Kind, extension = "csv"): Promise<Buffer> {
  const answer = await api.fetch(`/v1/batches/${id}/results/${kind}.${extension}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (answer.status !== 200) throw new Error(`${answer.status} ${bytes}`);
  return bytes;
}
const all = async (id: string, extension = "csv"): Promise<Record<Kind, string>> => ({
  succeeded: String(await get(id, "succeeded", extension)),
  failed: String(await get(id, "failed", extension)),
  unprocessed: String(await get(id, "unprocessed", extension)),
});

/** As settles leave the jobs of these lines. */
async function settle(id: string, states: Readonly<Record<number, "completed" | "dead">>): Promise<void> {
  const error = {
    step: "upload-asset",
    code: "media.http_404",
    message: 'Expected a "file", got 404.',
    next: "",
  };
  const outputs = { token: "created", sent: false, assets: [], published: true };
  await db.batch(
    Object.entries(states).map(([line, state]) =>
      state === "completed"
        ? sql(
            `UPDATE jobs SET state = 'completed', outcome = 'created', step = 'publish-token', attempt = 1, outputs = ?3
             WHERE batch_id = ?1 AND line = ?2`,
            id,
            Number(line),
            JSON.stringify(outputs),
          )
        : sql(
            `UPDATE jobs SET state = 'dead', step = 'upload-asset', attempt = 5, error = ?3
             WHERE batch_id = ?1 AND line = ?2`,
            id,
            Number(line),
            JSON.stringify({ ...error, httpStatus: 404, retryable: false }),
          ),
    ),
  );
}

const lines = (text: string): string[] => text.split("\n").slice(0, -1);
const SKIP: Submission = { options: { onInvalid: "skip" } };
const URL = "https://example.com/1.png";
const ADDED = "_line,_state,_token_id,_url,_step,_code,_error,_attempts";

describe("the three files of a batch", () => {
  const FILE = `tokenId,name,image\n1,One,${URL}\n\n2,"Two, or ""2""",${URL}\n-3,Three,${URL}\n4,,nope\n5,Five,${URL}\n`;

  test("hold each row once, with what became of it", async () => {
    const { id, batch } = await taken(FILE, SKIP);
    await settle(id, { 2: "completed", 4: "dead" });
    const { succeeded, failed, unprocessed } = await all(id);
    const url = `/projects/${batch.target.split("#")[1]}/collections/${batch.collection_id}/tokens/1`;
    expect(lines(succeeded)).toEqual([
      `tokenId,name,image,${ADDED}`,
      expect.stringMatching(new RegExp(`^1,One,${URL},2,completed,1,http://[^,]+${url},publish-token,,,1$`)),
    ]);
    expect(lines(failed)).toEqual([
      `tokenId,name,image,${ADDED}`,
      `2,"Two, or ""2""",${URL},4,dead,2,,upload-asset,media.http_404,"Expected a ""file"", got 404.",5`,
      expect.stringMatching(
        new RegExp(`^-3,Three,${URL},5,invalid,,,validate,row.invalid_token_id,[^\n]+,0$`),
      ),
      expect.stringMatching(/^4,,nope,6,invalid,,,validate,row\.media_url,"image: .* · name: .*",0$/),
    ]);
    expect(lines(unprocessed)).toEqual([`tokenId,name,image,${ADDED}`, `5,Five,${URL},7,pending,5,,,,,0`]);
  });

  test("say of a token whose collection is private no address", async () => {
    const { id } = await taken(`tokenId,name,image\n1,One,${URL}\n`);
    await settle(id, { 2: "completed" });
    await db.run(sql("UPDATE batches SET collection_published = 0 WHERE id = ?1", id));
    expect(lines((await all(id)).succeeded)[1]).toBe(`1,One,${URL},2,completed,1,,publish-token,,,1`);
  });

  test("are named after the file, and say what they are", async () => {
    const { id } = await taken(FILE, SKIP);
    const answer = await api.fetch(`/v1/batches/${id}/results/failed.csv`);
    await answer.body?.cancel();
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    expect(answer.headers.get("content-disposition")).toBe('attachment; filename="a-failed.csv"');
  });
});

describe("in the file's own dialect", () => {
  const utf16 = (text: string, big = false): Buffer => {
    const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
    return big ? bytes.swap16() : bytes;
  };
  const cases: [string, string | Buffer, string | Buffer][] = [
    ["semicolons and CRLF", `tokenId;name\r\n1;A\r\n`, `tokenId;name;_line;_state\r\n1;A;2;pending\r\n`],
    ["double semicolons", `tokenId;;name\n1;;A;B\n`, `tokenId;;name;;_line;;_state\n1;;A;B;;2;;pending\n`],
    ["tabs and CR", "tokenId\tname\r1\tA\r", "tokenId\tname\t_line\t_state\r1\tA\t2\tpending\r"],
    ["bars", "tokenId|name\n1|A\n", "tokenId|name|_line|_state\n1|A|2|pending\n"],
    [
      "quotes throughout",
      '"tokenId","name"\n"1","A"\n',
      '"tokenId","name","_line","_state"\n"1","A","2","pending"\n',
    ],
    ["a space after each comma", "tokenId, name\n1, A\n", "tokenId, name,_line,_state\n1, A,2,pending\n"],
    ["no line end at the end", "tokenId,name\r\n1,A", "tokenId,name,_line,_state\r\n1,A,2,pending\r\n"],
    ["line ends in cells", 'tokenId,name\n1,"A\nB"\n', 'tokenId,name,_line,_state\n1,"A\nB",2,pending\n'],
    ["empty lines", "\n\ntokenId,name\n\n1,A\n,\n", "\n\ntokenId,name,_line,_state\n1,A,5,pending\n"],
    [
      "a line that names the separator",
      "sep=;\ntokenId;name\n1;A\n",
      "sep=;\ntokenId;name;_line;_state\n1;A;3;pending\n",
    ],
    ["short rows", "tokenId,name,x\n1,A\n", "tokenId,name,x,_line,_state\n1,A,,2,pending\n"],
    [
      "rows of too many empty cells",
      'tokenId,name\n1,A,, "" \n',
      "tokenId,name,_line,_state\n1,A,2,pending\n",
    ],
    ["a mark", "\ufefftokenId,name\n1,é\n", "\ufefftokenId,name,_line,_state\n1,é,2,pending\n"],
    ["UTF-16", utf16("tokenId,name\r\n1,é\r\n"), utf16("tokenId,name,_line,_state\r\n1,é,2,pending\r\n")],
    [
      "UTF-16, big end first",
      utf16("tokenId,name\n1,𝄞\n", true),
      utf16("tokenId,name,_line,_state\n1,𝄞,2,pending\n", true),
    ],
    [
      "Windows-1252",
      Buffer.from("tokenId,name\n1,caf\xe9\x80\n", "latin1"),
      Buffer.from("tokenId,name,_line,_state\n1,caf\xe9\x80,2,pending\n", "latin1"),
    ],
  ];

  test.each(cases)("%s", async (_, file, expected) => {
    const { id } = await taken(file, { options: { template: { image: URL } } });
    // Of the added columns these two: the others are empty, or numbers.
    const short = (text: string) =>
      text.replace(/(\W?_line\W+_state).*?(?="?[\r\n])/, "$1").replace(/(pending).*?(?="?[\r\n])/, "$1");
    const wide = typeof expected !== "string" && /UTF-16/.test(_);
    const big = _.includes("big");
    const read = (bytes: Buffer) =>
      wide ? (big ? Buffer.from(bytes).swap16() : bytes).toString("utf16le") : bytes.toString("latin1");
    const got = await get(id, "unprocessed");
    expect(short(read(got))).toBe(read(Buffer.from(expected)));
  });

  test("what it has no place for becomes a question mark", async () => {
    const file = Buffer.from(`tokenId,name,image\n1,caf\xe9,${URL}\n`, "latin1");
    const { id } = await taken(file);
    await settle(id, { 2: "dead" });
    await db.run(
      sql("UPDATE jobs SET error = json_set(error, '$.message', 'Ω – …') WHERE batch_id = ?1", id),
    );
    expect((await get(id, "failed")).toString("latin1")).toContain(",media.http_404,? \x96 \x85,5\n");
  });
});

describe("every ending adds up", () => {
  const rowsOf = async (id: string) => {
    const files = await all(id);
    return Object.fromEntries(
      KINDS.map((kind) => [
        kind,
        lines(files[kind])
          .slice(1)
          .map((line) => line.split(",_", 1)[0]?.split(",")[0]),
      ]),
    );
  };
  const many = (count: number): string =>
    `tokenId,name,image\n${Array.from({ length: count }, (_, n) => `${n + 1},Relic,${URL}\n`).join("")}`;

  test("stopped by an invalid row: the others were not processed", async () => {
    const { id, batch } = await taken(`${many(2)}x,Bad,${URL}\n`);
    expect(batch.state).toBe("invalid");
    expect(await rowsOf(id)).toEqual({ succeeded: [], failed: ["x"], unprocessed: ["1", "2"] });
  });

  test("ids that repeat: the first keeps its, the later ones failed", async () => {
    const { id } = await taken(`${many(3)}2,Again,${URL}\n2,And again,${URL}\n`, SKIP);
    await settle(id, { 2: "completed", 3: "completed", 4: "completed" });
    expect(await rowsOf(id)).toEqual({ succeeded: ["1", "2", "3"], failed: ["2", "2"], unprocessed: [] });
    expect((await all(id)).failed).toMatch(/row\.duplicate_token_id,"Expected each token id once/);
  });

  test.each([
    ["a header that is refused", `tokenId,title,nft_name\n1,A,B\n2,C,D\n`, ["1", "2"]],
    ["a header without a name", `tokenId,image\n1,a.png\n`, ["1"]],
    ["no header", `1,A,${URL}\n2,B,${URL}\n`, ["2"]],
    ["a foreign separator", `tokenId^name\n1^A\n`, ["1^A"]],
  ])("%s: nothing was processed", async (_, file, expected) => {
    const { id, batch } = await taken(file);
    expect(batch).toMatchObject({ state: "invalid", rows_total: 0 });
    const { unprocessed } = await all(id);
    expect(await rowsOf(id)).toEqual({ succeeded: [], failed: [], unprocessed: expected });
    expect(lines(unprocessed).at(-1)).toMatch(/,unread,,,,,,0$/);
  });

  test.each([
    ["bytes that are no text", Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 0, 1])],
    ["JSON that is none", Buffer.from('[{"name":"A"},')],
    ["nothing but line ends", Buffer.from("\n\n")],
  ])("%s: given back as they came", async (_, file) => {
    const { id, batch } = await taken(file);
    expect(batch.state).toBe("invalid");
    expect(await get(id, "unprocessed")).toEqual(file);
    expect([await get(id, "succeeded"), await get(id, "failed")].map(String)).toEqual(["", ""]);
  });

  test("cancelled while it was read: what nobody came to is unread, right or wrong", async () => {
    const rows = Array.from({ length: 3_000 }, (_, n) => `${n + 1},Relic,${URL},${"long ".repeat(400)}\n`);
    const file = `tokenId,name,image,Story\n${rows.join("")}x,Bad,${URL},\n`.replace("\n2,", "\ny,");
    const id = await received(file, SKIP);
    let now = 1_000_000;
    const run = intakeRun({ now: () => (now += 10_000) });
    // A message a step: opened, and one slice read.
    await runIntake(id, run);
    await runIntake(id, run);
    const place = (await db.run(sql("SELECT intake_offset FROM batches WHERE id = ?1", id))).rows[0];
    expect(Number(place?.intake_offset)).toBeLessThan(Buffer.byteLength(file));
    await api.post(`/v1/batches/${id}/cancel`);
    expect((await batchOf(id)).state).toBe("cancelled");
    const { succeeded, failed, unprocessed } = await all(id);
    expect([lines(succeeded).length, lines(failed).length]).toEqual([1, 2]);
    expect(lines(failed)[1]).toMatch(/^y,Relic,.*,3,invalid,/);
    const rest = lines(unprocessed).slice(1);
    expect(rest).toHaveLength(3_000);
    expect(rest.find((line) => line.startsWith("x,Bad"))).toMatch(/,unread,,,,,,0$/);
    expect(rest.at(0)).toMatch(/,2,(pending|cancelled),1,/);
  }, 30_000);

  test("cancelled while it was read: rows that are alike are still to be told apart, and go back without ids", async () => {
    const rows = `A,${URL},${"long ".repeat(400)}\n`.repeat(3_000);
    const id = await received(`name,image,Story\n${rows}`);
    let now = 1_000_000;
    const run = intakeRun({ now: () => (now += 10_000) });
    await runIntake(id, run);
    await runIntake(id, run);
    await api.post(`/v1/batches/${id}/cancel`);
    expect((await batchOf(id)).rows_total).toBeGreaterThan(0);
    const again = await taken(await get(id, "unprocessed"));
    expect(again.batch).toMatchObject({ state: "running", rows_valid: 3_000, rows_invalid: 0 });
    expect(new Set(again.jobs.map(({ token_id }) => token_id)).size).toBe(3_000);
  }, 30_000);

  test("not opened yet: all of it is unread", async () => {
    const id = await received(many(2));
    expect(await rowsOf(id)).toEqual({ succeeded: [], failed: [], unprocessed: ["1", "2"] });
  });

  test("more errors than are listed: the others are invalid all the same", async () => {
    const { id } = await taken(`${many(1)}${`x,Bad,${URL}\n`.repeat(10_050)}`, SKIP);
    const rows = lines((await all(id)).failed).slice(1);
    expect(rows).toHaveLength(10_050);
    expect(rows[9_999]).toContain(",validate,row.invalid_token_id,");
    expect(rows[10_000]).toMatch(/,10003,invalid,,,validate,row\.not_listed,The row is invalid; .*,0$/);
  }, 30_000);

  test("unticked checkboxes below the rows are none", async () => {
    const file = `tokenId,name,image,Minted\n1,A,${URL},TRUE\n${",,,FALSE\n".repeat(50)}`;
    const { id } = await taken(file);
    expect(await rowsOf(id)).toEqual({ succeeded: [], failed: [], unprocessed: ["1"] });
  });
});

describe("rows that cannot be read", () => {
  test("are given back as they are, and one whose quote is open stands last", async () => {
    const file = `tokenId,name,image\nx,Bad,${URL}\n"q"x,Odd,${URL}\n3,"open,${URL}\ny,Bad,${URL}\n`;
    const { id } = await taken(file, SKIP);
    const { failed } = await all(id);
    const rows = lines(failed).slice(1);
    expect(rows.map((row) => row.slice(0, row.indexOf(",")))).toEqual(["x", '"q"x', "y", "3"]);
    expect(rows[1]).toMatch(/,3,invalid,,,validate,row\.text_after_quote,/);
    expect(rows[3]).toMatch(/^3,"open,https.*,4,invalid,,,validate,row\.quote_not_closed,/);
    const again = await taken(failed, SKIP);
    expect(again.batch).toMatchObject({ rows_total: 4, rows_invalid: 4 });
  });

  test("a line without end is given back whole", async () => {
    const endless = `3,${"x".repeat(5_200_000)}`;
    const { id } = await taken(`tokenId,name,image\nx,Bad,${URL}\n${endless}`, SKIP);
    const { failed } = await all(id);
    expect(lines(failed)).toHaveLength(3);
    expect(lines(failed)[2]?.startsWith(`${endless},3,invalid,`)).toBe(true);
  });
});

describe("ids", () => {
  test("that rows are counted by are kept, also for rows that have no job", async () => {
    const sequential: Submission = {
      options: { onInvalid: "skip", tokenIds: "sequential", firstTokenId: "7" },
    };
    const { id } = await taken(`name,image\nA,${URL}\n,${URL}\nC,${URL}\n`, sequential);
    await settle(id, { 2: "completed", 4: "dead" });
    const { failed } = await all(id);
    expect(lines(failed)[1]).toMatch(/^,https.*,3,invalid,8,/);
    expect(lines(failed)[2]).toMatch(/^C,https.*,4,dead,9,/);
    const { jobs } = await taken(failed.replace(",https", "Named,https"), sequential);
    expect(jobs.map(({ token_id }) => token_id)).toEqual(["8", "9"]);
  });

  test("that were derived are kept, also of rows that are alike", async () => {
    const file = `name,image\nA,${URL}\nA,${URL}\nA,${URL}\n`;
    const { id, jobs, batch } = await taken(file);
    await settle(id, { 2: "completed", 3: "dead", 4: "completed" });
    const again = await taken((await all(id)).failed, { collectionId: batch.collection_id });
    expect(again.jobs.map(({ token_id }) => token_id)).toEqual([jobs[1]?.token_id]);
    expect(again.jobs[0]?.args).toBe(jobs[1]?.args);
  });

  test("survive a second failed file, which has the columns twice", async () => {
    const { id, jobs, batch } = await taken(`name,image\nA,${URL}\nB,${URL}\n`);
    await settle(id, { 2: "dead", 3: "dead" });
    const second = await taken((await all(id)).failed, { collectionId: batch.collection_id });
    await settle(second.id, { 2: "dead", 3: "completed" });
    const third = await taken((await all(second.id)).failed, { collectionId: batch.collection_id });
    expect(third.jobs.map(({ token_id }) => token_id)).toEqual([jobs[0]?.token_id]);
  });
});

describe("of JSON", () => {
  const json = (contentType: string): Submission => ({ options: { onInvalid: "skip", contentType } });

  test("Lines are lines with members added, which can be sent again", async () => {
    const file = `{"name":"A","image":"${URL}"}\n\n{"name":"","image":"${URL}"}\r\nnonsense\n{ "name": "é" , "image":"${URL}" } `;
    const { id, jobs, batch } = await taken(file, json("application/x-ndjson"));
    await settle(id, { 1: "completed", 5: "dead" });
    const { succeeded, failed, unprocessed } = await all(id, "jsonl");
    expect(succeeded).toMatch(
      /^\{"name":"A","image":"[^"]*","_line":1,"_state":"completed","_token_id":"\d+",/,
    );
    expect(lines(failed)).toEqual([
      expect.stringMatching(
        /^\{"name":"","image":"[^"]*","_line":3,"_state":"invalid","_token_id":null,.*\}$/,
      ),
      "nonsense",
      expect.stringMatching(
        /^\{ "name": "é" , "image":"[^"]*" ,"_line":5,"_state":"dead",.*"_attempts":5\}$/,
      ),
    ]);
    expect(unprocessed).toBe("");
    const again = await taken(failed, { ...json("application/x-ndjson"), collectionId: batch.collection_id });
    expect(again.batch).toMatchObject({ rows_total: 3, rows_invalid: 2 });
    expect(again.jobs.map(({ token_id, args }) => [token_id, args])).toEqual([
      [jobs[1]?.token_id, jobs[1]?.args],
    ]);
  });

  test("lists are lists, of the same objects", async () => {
    const file = `{"rows": [ {"name":"A","image":"${URL}"},\n  {"name":"B",\n"image":"${URL}"}, 5 ] }`;
    const { id, batch, jobs } = await taken(file, json("application/json"));
    await settle(id, { 1: "dead", 2: "dead" });
    const { succeeded, failed } = await all(id, "json");
    expect(JSON.parse(succeeded)).toEqual([]);
    expect(failed).toContain(`{"name":"B",\n"image":"${URL}","_line":2,"_state":"dead"`);
    expect(JSON.parse(failed)).toMatchObject([{ name: "A", _line: 1 }, { name: "B", _attempts: 5 }, 5]);
    const again = await taken(failed, { ...json("application/json"), collectionId: batch.collection_id });
    expect(again.jobs.map(({ token_id }) => token_id)).toEqual(jobs.map(({ token_id }) => token_id));
  });

  test("are not given as CSV, nor CSV as JSON", async () => {
    const lined = await taken(`{"name":"A","image":"${URL}"}\n`, json("application/x-ndjson"));
    const csv = await taken(`name,image\nA,${URL}\n`);
    for (const [id, asked, available] of [
      [lined.id, "failed.csv", "failed.jsonl"],
      [csv.id, "failed.jsonl", "failed.csv"],
    ]) {
      const { status, body } = await api.ask(`/v1/batches/${id}/results/${asked}`);
      expect([status, body.code, body.available]).toEqual([409, "results.other_format", available]);
    }
  });
});

describe("refused", () => {
  test("of a batch that is not there, is still coming in, or whose file is gone", async () => {
    const ask = (id: string) => api.ask(`/v1/batches/${id}/results/failed.csv`);
    expect((await ask("bat_none")).body.code).toBe("batch.not_found");
    const { id } = await taken(`name,image\nA,${URL}\n`);
    await env.BUCKET.delete(`batches/${id}/source`);
    expect((await ask(id)).body.code).toBe("results.file_gone");
    await db.run(sql("UPDATE batches SET state = 'receiving' WHERE id = ?1", id));
    expect((await ask(id)).body.code).toBe("results.not_ready");
  });

  test("under another name, with the address that was meant", async () => {
    const { status, body } = await api.ask("/v1/batches/bat_1/results/failed.txt");
    expect([status, body.code]).toEqual([404, "route.not_found"]);
    expect(body.nearest).toContain("/results/");
  });
});

test("every state of a job belongs to one file", () => {
  expect(Object.values(STATES_OF).flat().sort()).toEqual([...JOB_STATES].sort());
});

test("a result is read as fast as it is taken, and no further than that", async () => {
  const file = `tokenId,name,image\n${Array.from({ length: 2_000 }, (_, n) => `x${n},${"y".repeat(5_000)},\n`).join("")}`;
  const id = await received(file, SKIP);
  await drain(id);
  let read = 0;
  const BUCKET = new Proxy(env.BUCKET, {
    get(bucket, name) {
      const value: unknown = Reflect.get(bucket, name);
      if (name !== "get") return typeof value === "function" ? value.bind(bucket) : value;
      return (key: string, options: R2GetOptions & { range: { length: number } }) => {
        read += options.range.length;
        return bucket.get(key, options);
      };
    },
  });
  const answer = await producer({ BUCKET }).fetch(`/v1/batches/${id}/results/failed.csv`);
  const reader = answer.body?.getReader();
  for (let bytes = 0; bytes < 1_000_000; ) bytes += (await reader?.read())?.value?.length ?? 1_000_000;
  expect(read).toBeLessThan(6_000_000);
  await reader?.cancel();
}, 30_000);
