/** Ports on 127.0.0.1. What is free now may be taken a moment later; whoever binds it then says so. */
import { createServer } from "node:net";

/** The port that could be bound, or null where it is in use or not allowed. 0 asks for any. */
export function bindablePort(port: number): Promise<number | null> {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const server = createServer();
  server.once("error", () => resolve(null));
  server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
    const bound = server.address();
    server.close(() => resolve(typeof bound === "object" && bound ? bound.port : null));
  });
  return promise;
}

/** The first of the wanted ports that is free, else any that is. */
export async function firstFreePort(wanted: readonly number[]): Promise<number> {
  for (const port of [...wanted, 0]) {
    const free = await bindablePort(port);
    if (free !== null) return free;
  }
  throw new Error("The machine has no free port on 127.0.0.1.");
}
