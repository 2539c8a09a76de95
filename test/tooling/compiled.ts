/**
 * Where Node keeps what it has compiled, handed to every program that the tests start: a start of Wrangler is mostly
 * the compiling of its 15 MB, and a whole run of the tests has more than fifty of them.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Node's own place, where the CLI already keeps its own. */
const { NODE_COMPILE_CACHE = join(tmpdir(), "node-compile-cache") } = process.env;

export const compiled = { NODE_COMPILE_CACHE };
