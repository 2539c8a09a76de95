/**
 * Loaded into every Node process of a tested deploy (NODE_OPTIONS=--import): a connection to anywhere but
 * 127.0.0.1, and every question to a name server, is refused and written down.
 */
import dns from "node:dns";
import { appendFileSync } from "node:fs";
import net from "node:net";

const LOCAL: readonly string[] = ["127.0.0.1", "::1"];
const report = process.env.ONLY_HERE_REPORT;

function refuse(what: string): Error {
  if (report !== undefined) appendFileSync(report, `${what}\n`);
  return new Error(`Only 127.0.0.1 may be reached in this test: ${what}`);
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function connectHere(this: net.Socket, ...args: unknown[]): net.Socket {
  const [first] = Array.isArray(args[0]) ? args[0] : args;
  const host: unknown =
    typeof first === "object" && first !== null && "host" in first ? first.host : undefined;
  const isPath = typeof first === "object" && first !== null && "path" in first && first.path;
  if (!isPath && typeof host === "string" && !LOCAL.includes(host)) {
    const error = refuse(`connect ${host}`);
    process.nextTick(() => this.destroy(error));
    return this;
  }
  return Reflect.apply(connect, this, args);
};

const lookup = dns.lookup;
Object.defineProperty(dns, "lookup", {
  value: function lookupHere(name: string, ...rest: unknown[]): unknown {
    if (LOCAL.includes(name)) return Reflect.apply(lookup, dns, [name, ...rest]);
    const error = refuse(`look up ${name}`);
    const callback = rest.at(-1);
    if (typeof callback === "function") process.nextTick(() => callback(error));
    return undefined;
  },
});
