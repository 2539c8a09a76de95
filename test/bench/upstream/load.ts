/**
 * How fast the upstream itself can be: so many connections, on each the next request as soon as the answer is there,
 * written and read as bytes so that this side costs next to nothing. Prints calls a second.
 */
import { connect, type Socket } from "node:net";

const { hostname, port } = new URL(process.argv[2] ?? "");
const connections = Number(process.argv[3]);
const seconds = Number(process.argv[4]);

const BODY = JSON.stringify({ projectId: 1, collectionId: 900, tokenId: "1" });
const ASKED = Buffer.from(
  `POST /rpc/Collections/UpdateToken HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
);

let answered = 0;
const sockets = Array.from({ length: connections }, open);
const startedAt = performance.now();
setTimeout(() => {
  const rate = answered / ((performance.now() - startedAt) / 1_000);
  for (const socket of sockets) socket.destroy();
  console.log(JSON.stringify({ callsPerSecond: rate }));
}, seconds * 1_000);

/** An answer this small comes in one piece, or its body in a second one that ends with the brace. */
function open(): Socket {
  const socket = connect(Number(port), hostname, () => socket.write(ASKED));
  socket.setNoDelay(true);
  socket.on("data", (bytes: Buffer) => {
    if (bytes.at(-1) !== "}".charCodeAt(0)) return;
    answered += 1;
    socket.write(ASKED);
  });
  return socket;
}
