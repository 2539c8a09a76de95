/**
 * server.ts: an emulator, started in this process: over a socket on 127.0.0.1, and through `fetch` without
 * one.
 */
import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { routes } from "./app.ts";
import { keyVerifier } from "./auth.ts";
import { setFaults } from "./control.ts";
import { FaultScript, type FaultStatus } from "./fault-script.ts";
import { type FaultInput, faultsInput } from "./faults.ts";
import { defaultSecret } from "./keys.ts";
import { Ledger, type LedgerPage, type LedgerQuery, type LedgerSummary } from "./ledger.ts";
import { openStore } from "./store.ts";
import { defaultSwitches, type Switches, switchesPatch } from "./switches.ts";
import type { World } from "./world.ts";

export interface EmulatorOptions {
  /** 0 (default): any free one. null: no socket, only `fetch`. */
  port?: number | null;
  /** Where the state is kept; null (default): in memory. */
  dir?: string | null;
  /** Unix ms. */
  now?: () => number;
  switches?: Partial<Switches>;
  faults?: FaultInput[];
  /** Seed of the faults' draws. */
  seed?: string | number;
  /** Directory that /media serves. */
  mediaDir?: string | null;
  /** Signs the secret keys it accepts; see keys.ts. */
  secret?: string;
}

export interface Emulator {
  /** `http://127.0.0.1:PORT`, or `http://emulator.invalid` where there is no socket. */
  readonly url: string;
  readonly port: number | null;
  /**
   * A call without a socket; the request may have any origin, and the addresses in answers take it. Where a
   * fault closes the connection it rejects with TypeError "fetch failed"; where one cuts the body, reading
   * that body fails with TypeError "terminated". An aborted call is carried out all the same.
   */
  fetch(request: Request): Promise<Response>;
  readonly switches: { get(): Switches; set(patch: Partial<Switches>): Switches };
  readonly faults: {
    list(): FaultStatus[];
    add(...faults: FaultInput[]): FaultStatus[];
    remove(id?: string): number;
    reseed(seed: string | number): void;
  };
  readonly ledger: { list(query?: LedgerQuery): LedgerPage; summary(): LedgerSummary; clear(): void };
  close(): Promise<void>;
}

const host = "127.0.0.1";

/** @throws if the port is taken or another emulator holds `dir`. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const closing = new AbortController();
  const listener: { stop: (forMs: number) => void } = { stop: () => undefined };
  const world = makeWorld(options, closing.signal, (forMs) => listener.stop(forMs));
  const app = routes(world);
  const running = new Set<Promise<unknown>>();
  const handle = (request: Request, node?: object): Promise<Response> => {
    const answer = Promise.resolve(app.fetch(request, node ?? {}));
    running.add(answer);
    const done = () => running.delete(answer);
    answer.then(done, done);
    return answer;
  };
  const server = options.port === null ? null : makeServer(handle);
  const port =
    server === null
      ? null
      : await listen(server, options.port ?? 0).catch((error) => {
          world.store.close();
          throw error;
        });
  if (server !== null && port !== null) listener.stop = (forMs) => pause(server, port, forMs, closing.signal);
  if (options.faults !== undefined) setFaults(world, faultsInput.parse({ faults: options.faults }));
  return {
    url: port === null ? "http://emulator.invalid" : `http://${host}:${port}`,
    port,
    fetch: (request) => unlessAborted(handle(request), request.signal),
    switches: {
      get: () => world.switches,
      set: (patch) => {
        world.switches = { ...world.switches, ...switchesPatch.parse(patch) };
        return world.switches;
      },
    },
    faults: {
      list: () => world.faults.list(),
      add: (...faults) => setFaults(world, faultsInput.parse({ faults })),
      remove: (id) => world.faults.remove(id),
      reseed: (seed) => world.faults.reseed(seed),
    },
    ledger: {
      list: (query) => world.ledger.list(query),
      summary: () => world.ledger.summary(),
      clear: () => world.ledger.clear(),
    },
    close: async () => {
      closing.abort();
      if (server !== null) await stop(server);
      await Promise.allSettled(running);
      world.store.close();
    },
  };
}

function makeWorld(
  options: EmulatorOptions,
  closing: AbortSignal,
  stopListening: (forMs: number) => void,
): World {
  const store = openStore(options.dir ?? null);
  return {
    store,
    ledger: new Ledger(store),
    faults: new FaultScript(options.seed),
    verifyKey: keyVerifier(options.secret ?? defaultSecret),
    now: options.now ?? Date.now,
    mediaDir: options.mediaDir ?? null,
    closing,
    stopListening,
    switches: { ...defaultSwitches, ...switchesPatch.parse(options.switches ?? {}) },
    ticks: 0,
  };
}

function makeServer(handle: (request: Request, node: object) => Promise<Response>): Server {
  const server = createServer(getRequestListener(handle, { overrideGlobalObjects: false }));
  // A connection closed for being idle would look to a client like a fault that nobody scripted.
  server.keepAliveTimeout = 0;
  return server;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/** Closes the listener and every connection, and listens on the same port again after `forMs`. */
function pause(server: Server, port: number, forMs: number, closing: AbortSignal): void {
  // After the answer to the call that asked for it.
  setTimeout(() => {
    if (closing.aborted) return;
    server.close();
    server.closeAllConnections();
    const again = setTimeout(() => void listen(server, port), forMs);
    closing.addEventListener("abort", () => clearTimeout(again), { once: true });
  }, 20);
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Rejects as fetch does when the caller gives up; the call itself goes on, as at a real server. */
function unlessAborted(answer: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}
