/** D1 whose transactions go the way that a test says; everything else is the real one's. */
import { env } from "cloudflare:workers";

type Transaction = (statements: D1PreparedStatement[]) => Promise<D1Result[]>;

/** @param batch is handed the statements, how to run them really, and which call it is, counted from 1: the claim. */
export function d1With(
  batch: (statements: D1PreparedStatement[], really: Transaction, call: number) => Promise<D1Result[]>,
): D1Database {
  let call = 0;
  return new Proxy(env.DB, {
    get(target, name) {
      if (name === "batch") {
        return (statements: D1PreparedStatement[]) => {
          call += 1;
          return batch(statements, (all) => target.batch(all), call);
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
