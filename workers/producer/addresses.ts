/** The addresses that the app knows, as people write them, and the one that a mistyped one most likely meant. Pure. */
import type { Hono } from "hono";
import { editDistance } from "../../shared/api/nearest.ts";
import type { App } from "./context.ts";

export type Address = { readonly method: string; readonly path: string };

/** In the order of the app, each once; what middleware is registered under is none. */
export function addressesOf(app: Pick<Hono<App>, "routes">): Address[] {
  const known = new Map<string, Address>();
  for (const { method, path } of app.routes) {
    if (method === "ALL" || path.endsWith("*")) continue;
    const written = path.replace(/:(\w+)(\{[^}]*\})?/g, "{$1}");
    known.set(`${method} ${written}`, { method, path: written });
  }
  return [...known.values()];
}

/** @returns null where even the nearest is more than half different. */
export function nearestAddress(method: string, path: string, known: readonly Address[]): Address | null {
  let best: { address: Address; distance: number } | null = null;
  for (const address of known) {
    // A whole method of difference must not outweigh a letter in the path.
    const distance = pathDistance(path, address.path) + (address.method === method ? 0 : 0.5);
    if (best === null || distance < best.distance) best = { address, distance };
  }
  return best && best.distance * 2 <= path.length ? best.address : null;
}

/** Segment by segment: a parameter stands for anything, a missing or extra segment costs its length. */
function pathDistance(path: string, known: string): number {
  const [given, wanted] = [path.split("/"), known.split("/")];
  let distance = 0;
  for (let at = 0; at < Math.max(given.length, wanted.length); at += 1) {
    const [mine, theirs] = [given[at], wanted[at]];
    if (theirs?.startsWith("{") && mine) continue;
    distance += editDistance(mine?.slice(0, 100) ?? "", theirs?.replace(/^\{.*\}$/, "id") ?? "");
    if (mine === undefined || theirs === undefined) distance += 1;
  }
  return distance;
}
