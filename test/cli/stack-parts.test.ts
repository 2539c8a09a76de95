import { once } from "node:events";
import { access, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startChild } from "../../cli/stack/child.ts";
import { isMigrated, leftAlone } from "../../cli/stack/local-d1.ts";
import { bindablePort, firstFreePort } from "../../cli/stack/ports.ts";
import { projectDir } from "../../cli/stack/project.ts";
import { untilReady } from "../../cli/stack/readiness.ts";
import { writeRunFiles } from "../../cli/stack/run-files.ts";
import { lockStateDir, stateDir } from "../../cli/stack/state-dir.ts";
import { createSupervisor } from "../../cli/stack/supervisor.ts";
import { startSweepTicker } from "../../cli/stack/sweep-ticker.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mintline start "));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function listen(server: Server): Promise<{ url: string; port: number }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, port };
}

const program = (script: string, name = "worker") => ({
  name,
  args: ["--input-type=module", "-e", script],
  cwd: folder,
  env: process.env,
  logFile: join(folder, "log", `${name}.log`),
});

describe("the sweep ticker", () => {
  it("sweeps at once and again, and never two at a time", async () => {
    let open = 0;
    let most = 0;
    let swept = 0;
    const third = Promise.withResolvers<void>();
    const server = createServer((request, response) => {
      expect(request.url).toBe("/cdn-cgi/local/scheduled?cron=*+*+*+*+*");
      most = Math.max(most, ++open);
      // Longer than the interval, so that a ticker that does not wait would be caught.
      setTimeout(() => {
        open--;
        response.end("ok");
        if (++swept === 3) third.resolve();
      }, 15);
    });
    const { url } = await listen(server);
    const failures: string[] = [];
    const ticker = startSweepTicker({ url, everyMs: 1, onFailure: (failure) => failures.push(failure) });
    await third.promise;
    await ticker.stop();
    server.closeAllConnections();
    server.close();
    expect({ most, failures }).toEqual({ most: 1, failures: [] });
  });

  it("tells a failure once, and again only after a success", async () => {
    const outcomes = ["exception", "exception", "ok", "exception", "exception", "exception"];
    let at = 0;
    const all = Promise.withResolvers<void>();
    const server = createServer((_request, response) => {
      const outcome = outcomes[at++] ?? "ok";
      response.statusCode = outcome === "ok" ? 200 : 500;
      response.end(outcome);
      if (at > outcomes.length) all.resolve();
    });
    const { url } = await listen(server);
    const failures: string[] = [];
    const ticker = startSweepTicker({ url, everyMs: 1, onFailure: (failure) => failures.push(failure) });
    await all.promise;
    await ticker.stop();
    server.closeAllConnections();
    server.close();
    expect(failures).toEqual(["HTTP 500, exception", "HTTP 500, exception"]);
  });
});

describe("a child", () => {
  it("that ends by itself stops everything, and its last lines are told", async () => {
    const supervisor = createSupervisor();
    const other = startChild(program("setInterval(() => {}, 1000)", "other"));
    supervisor.adopt(other);
    supervisor.adopt(startChild(program("console.log('the last words'); process.exitCode = 3")));
    const fault = await supervisor.broken;
    expect(fault.code).toBe("start.child_ended");
    expect(fault.message).toContain("exit code 3");
    expect(fault.lines.at(-1)).toBe("the last words");
    expect(other.isRunning()).toBe(false);
  });

  it("is stopped on request, and that is no fault", async () => {
    const supervisor = createSupervisor();
    const child = startChild(
      program("process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000)"),
    );
    supervisor.adopt(child);
    let broke = false;
    supervisor.broken.then(
      () => {
        broke = true;
      },
      () => {},
    );
    await supervisor.stop();
    await supervisor.stop();
    expect({ running: child.isRunning(), broke }).toEqual({ running: false, broke: false });
  });

  it("leads no process group of its own, so that killing ours kills it", async () => {
    const child = startChild(program("console.log(process.pid); setInterval(() => {}, 1000)"));
    let pid = 0;
    await expect.poll(async () => (pid = Number(await readFile(child.logFile, "utf8")))).toBeGreaterThan(0);
    expect(process.kill(pid, 0)).toBe(true);
    expect(() => process.kill(-pid, 0)).toThrow("ESRCH");
    await child.stop();
  });

  it("keeps the log of the run before", async () => {
    await startChild(program("console.log('first')")).ended;
    const second = startChild(program("console.log('second')"));
    await second.ended;
    expect(await readFile(second.logFile, "utf8")).toBe("second\n");
    expect(await readFile(`${second.logFile}.before`, "utf8")).toBe("first\n");
  });

  it("that dies ends the wait for its address", async () => {
    const child = startChild(program(""));
    const port = await firstFreePort([]);
    const found = await untilReady(`http://127.0.0.1:${port}/`, child, 10_000, new AbortController().signal);
    expect(found).toEqual({ reason: "died" });
  });
});

describe("ports", () => {
  it("in use are told from free ones", async () => {
    const taken = createSocket();
    taken.listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" && address ? address.port : 0;
    expect(await bindablePort(port)).toBeNull();
    expect(await firstFreePort([port])).not.toBe(port);
    taken.close();
    await once(taken, "close");
    expect(await firstFreePort([port])).toBe(port);
  });
});

describe("STATE_DIR", () => {
  it("belongs to one stack at a time", async () => {
    const first = await lockStateDir(folder);
    expect(await lockStateDir(folder)).toBeNull();
    first?.release();
    const again = await lockStateDir(folder);
    expect(again).not.toBeNull();
    again?.release();
  });

  it("gets sources and configurations that only the owner can read", async () => {
    const state = stateDir(folder);
    const run = { variables: { JWT_ACCESS_KEY: "a.b.c", PROJECT_ID: "7" }, queueBatchSize: 10 };
    await writeRunFiles(projectDir, state, run);
    await writeRunFiles(projectDir, state, run);
    for (const config of [state.producerConfig, state.consumerConfig]) {
      const written = JSON.parse(await readFile(config, "utf8"));
      expect(written.vars).toEqual({ PROJECT_ID: "7" });
      await access(join(config, "..", written.main));
      for (const database of written.d1_databases) await access(join(config, "..", database.migrations_dir));
      const secrets = join(config, "..", ".dev.vars");
      expect(await readFile(secrets, "utf8")).toBe("JWT_ACCESS_KEY='a.b.c'\n");
      for (const path of [config, secrets]) expect((await stat(path)).mode & 0o777).toBe(0o600);
    }
  });
});

describe("the local D1", () => {
  async function localD1(sql: string): Promise<void> {
    await mkdir(join(folder, "v3/d1/some"), { recursive: true });
    const other = new DatabaseSync(join(folder, "v3/d1/some/metadata.sqlite"));
    other.exec("CREATE TABLE something (a)");
    other.close();
    const database = new DatabaseSync(join(folder, "v3/d1/some/0a.sqlite"));
    database.exec(sql);
    database.close();
  }

  it("is migrated when each file is recorded, and not where there is none", async () => {
    const migrations = join(folder, "migrations");
    await mkdir(migrations);
    await writeFile(join(migrations, "0001_a.sql"), "");
    expect(isMigrated(folder, migrations)).toBe(false);
    await localD1("CREATE TABLE d1_migrations (name TEXT); INSERT INTO d1_migrations VALUES ('0001_a.sql')");
    expect(isMigrated(folder, migrations)).toBe(true);
    await writeFile(join(migrations, "0002_b.sql"), "");
    expect(isMigrated(folder, migrations)).toBe(false);
  });

  it("counts the unfinished batches of other targets", async () => {
    expect(leftAlone(folder, "emulator#1")).toEqual([]);
    await localD1(`CREATE TABLE batches (target TEXT, state TEXT); INSERT INTO batches VALUES
      ('emulator#1', 'running'), ('emulator#1', 'finished'), ('emulator#2', 'paused'), ('emulator#2', 'running'),
      ('https://metadata.example.org#1', 'cancelled'), ('https://metadata.example.org#7', 'halted')`);
    expect(leftAlone(folder, "emulator#1")).toEqual([
      { target: "emulator#2", batches: 2 },
      { target: "https://metadata.example.org#7", batches: 1 },
    ]);
  });
});
