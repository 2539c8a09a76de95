/**
 * control.ts: /_emulator: switches, faults, ledger and state while it runs. Bodies must be application/json, which
 * no page of another site can send here unasked.
 */
import { type Context, Hono } from "hono";
import * as z from "zod";
import type { Env } from "./app.ts";
import { readBody, textOf } from "./body.ts";
import { faultSchema, faultsInput } from "./faults.ts";
import { ledgerQuery } from "./ledger.ts";
import { controlMaxBytes } from "./limits.ts";
import { stateOf, stateQuery } from "./state.ts";
import { switchesPatch } from "./switches.ts";
import type { World } from "./world.ts";

const anyFaults = z.union([
  faultsInput,
  z.array(faultSchema).transform((faults) => ({ seed: undefined, faults })),
  faultSchema.transform((fault) => ({ seed: undefined, faults: [fault] })),
]);

export function control(world: World): Hono<Env> {
  const app = new Hono<Env>();
  app.get("/switches", (c) => c.json(world.switches));
  app.patch("/switches", async (c) => {
    const patch = await read(c, switchesPatch);
    if (patch.success) world.switches = { ...world.switches, ...patch.data };
    return patch.success ? c.json(world.switches) : c.json(patch.problem, 400);
  });
  app.get("/faults", (c) => c.json({ seed: world.faults.seed, faults: world.faults.list() }));
  app.post("/faults", async (c) => {
    const input = await read(c, anyFaults);
    if (!input.success) return c.json(input.problem, 400);
    return c.json({ faults: setFaults(world, input.data) }, 201);
  });
  app.delete("/faults", (c) => c.json({ removed: world.faults.remove() }));
  app.delete("/faults/:id", (c) => c.json({ removed: world.faults.remove(c.req.param("id")) }));
  app.get("/ledger", (c) => {
    const query = ledgerQuery.safeParse(c.req.query());
    return query.success ? c.json(world.ledger.list(query.data)) : c.json(problemOf(query.error), 400);
  });
  app.get("/ledger/summary", (c) => c.json(world.ledger.summary()));
  app.get("/state", (c) => {
    const query = stateQuery.safeParse(c.req.query());
    return query.success ? c.json(stateOf(world.store, query.data)) : c.json(problemOf(query.error), 400);
  });
  app.delete("/ledger", (c) => {
    world.ledger.clear();
    return c.json({ cleared: true });
  });
  return app;
}

/** Adds faults as scripted from now on; one that refuses connections closes the listener. */
export function setFaults(world: World, { seed, faults }: z.output<typeof faultsInput>) {
  if (seed !== undefined) world.faults.reseed(seed);
  const added = world.faults.add(faults, world.now());
  for (const { what, forMs } of faults) {
    if (what.kind === "outage" && what.as === "refused") world.stopListening(forMs ?? 0);
  }
  return added;
}

type Read<T> = { success: true; data: T } | { success: false; problem: object };

async function read<T extends z.ZodType>(c: Context<Env>, schema: T): Promise<Read<z.output<T>>> {
  const isJson = c.req.header("content-type")?.toLowerCase().startsWith("application/json") ?? false;
  if (!isJson) return { success: false, problem: { error: "expected content-type application/json" } };
  // Not Hono's bodyLimit: it rebuilds a request of unknown length, which Node's adapter does not survive.
  const bytes = await readBody(c, controlMaxBytes);
  const parsed = schema.safeParse(bytes === null ? undefined : jsonOf(textOf(bytes)));
  return parsed.success ? parsed : { success: false, problem: problemOf(parsed.error) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemOf(error: z.ZodError): object {
  return {
    error: z.prettifyError(error),
    next: "Correct the request; emulator/README.md lists switches and faults.",
  };
}
