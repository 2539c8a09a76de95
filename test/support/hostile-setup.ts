/**
 * Starts the media hosts of a test run that do what tests tell them over real sockets, and a listener that only
 * counts who connects to it. Tests in workerd reach all of them on 127.0.0.1; `hostile.ts` is their side of it.
 */
import { createServer as createListener } from "node:net";
import type { TestProject } from "vitest/node";
import { listening, startHostileHost } from "./hostile-host.ts";

const HOSTS = 3;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const hosts = await Promise.all(Array.from({ length: HOSTS }, startHostileHost));
  let connections = 0;
  const trap = createListener((socket) => {
    connections += 1;
    socket.destroy();
  });
  const trapPort = await listening(trap);
  hosts[0]?.count(() => connections);
  // A port that was somebody's a moment ago refuses at once, like the port of a host that is down.
  const dead = await startHostileHost();
  await dead.close();
  project.provide("hostile", { hosts: hosts.map(({ url }) => url), dead: dead.url, trapPort });
  return async () => {
    await Promise.all(hosts.map(({ close }) => close()));
    await new Promise((done) => trap.close(done));
  };
}
