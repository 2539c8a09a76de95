/** The upstream as a process of its own: prints its addresses as one line of JSON and serves until it is ended. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createUpstream } from "./server.ts";

let origin = "";
const upstream = createUpstream(
  () => performance.timeOrigin + performance.now(),
  () => origin,
);
const sideDoor = createServer(async (request, response) => {
  if (request.url === "/settings") upstream.set(JSON.parse(await text(request)));
  if (request.url === "/reset") upstream.reset();
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(upstream.account()));
});

origin = await listen(upstream.server);
console.log(JSON.stringify({ url: origin, sideDoorUrl: await listen(sideDoor) }));

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
