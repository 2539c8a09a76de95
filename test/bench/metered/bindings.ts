/**
 * A Worker's bindings with a meter in each, round the product's own code: `meta` of every D1 answer, every message,
 * every R2 operation. What the meter does not know how to count it refuses, so that nothing goes uncounted.
 */
import { type Counts, noCounts } from "./counts.ts";

export const counts: Counts = noCounts();

const known = new WeakMap<object, object>();

/** The same environment for the same one, because the Workers keep what they have checked by it. */
export function metered<Env extends object>(env: Env): Env {
  const made = known.get(env) ?? Object.fromEntries(Object.entries(env).map(meteredBinding));
  known.set(env, made);
  // The keys and what each does are those of `env`.
  return made as Env;
}

function meteredBinding([name, binding]: [string, unknown]): [string, unknown] {
  switch (name) {
    case "DB":
      return [name, meteredD1(binding as D1Database)];
    case "BUCKET":
      return [name, meteredBucket(binding as R2Bucket)];
    case "JOBS":
    case "INTAKE":
      return [name, meteredQueue(binding as Queue)];
    case "GATE":
      return [name, meteredObjects(binding as DurableObjectNamespace)];
    default:
      return [name, binding];
  }
}

const notCounted = (what: string) => () => {
  throw new Error(`The bench does not count ${what}: teach test/bench/metered/bindings.ts.`);
};

function meteredD1(db: D1Database): D1Database {
  const texts = new WeakMap<object, string>();
  const bound = (text: string, statement: D1PreparedStatement): D1PreparedStatement => {
    texts.set(statement, text);
    return statement;
  };
  const count = (text: string, { rows_read, rows_written }: D1Meta): void => {
    counts.d1Statements += 1;
    counts.d1RowsRead += rows_read;
    counts.d1RowsWritten += rows_written;
    const key = shortOf(text);
    const statement = counts.statements[key] ?? { times: 0, rowsRead: 0, rowsWritten: 0 };
    counts.statements[key] = statement;
    statement.times += 1;
    statement.rowsRead += rows_read;
    statement.rowsWritten += rows_written;
  };
  const partly: Pick<D1Database, "prepare" | "batch" | "exec" | "withSession" | "dump"> = {
    prepare(text) {
      const statement = db.prepare(text);
      // Handed to `batch` and to nothing else: shared/store/db.ts is the one door to D1.
      const bind = (...values: unknown[]) => bound(text, statement.bind(...values));
      return { bind } as D1PreparedStatement;
    },
    async batch<T>(statements: D1PreparedStatement[]) {
      counts.d1Calls += 1;
      const results = await db.batch<T>(statements);
      results.forEach(({ meta }, index) => {
        count(texts.get(statements[index] ?? {}) ?? "", meta as unknown as D1Meta);
      });
      return results;
    },
    exec: notCounted("D1 exec"),
    withSession: notCounted("D1 sessions"),
    dump: notCounted("D1 dump"),
  };
  return partly as D1Database;
}

/** Its beginning and its end: statements of one kind share the one or the other. */
function shortOf(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= 110 ? line : `${line.slice(0, 60)} … ${line.slice(-45)}`;
}

type D1Meta = { readonly rows_read: number; readonly rows_written: number };

function meteredQueue(queue: Queue): Queue {
  const partly: Pick<Queue, "send" | "sendBatch"> = {
    send(body, options) {
      counts.messagesSent += 1;
      return queue.send(body, options);
    },
    sendBatch(messages, options) {
      const all = [...messages];
      counts.messagesSent += all.length;
      return queue.sendBatch(all, options);
    },
  };
  return partly as Queue;
}

const CLASS_A = ["put", "list", "createMultipartUpload", "uploadPart", "complete"];
const CLASS_B = ["get", "head"];
const FREE = ["delete", "abort", "resumeMultipartUpload"];

const meteredBucket = (bucket: R2Bucket): R2Bucket => meteredR2(bucket);

/** Of the bucket, and of the multipart uploads that it hands out. */
function meteredR2<T extends object>(target: T): T {
  return new Proxy(target, {
    get(_target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function" || typeof name !== "string") return value;
      if (![...CLASS_A, ...CLASS_B, ...FREE].includes(name)) return notCounted(`R2 ${name}`);
      return (...args: unknown[]) => {
        if (CLASS_A.includes(name)) counts.r2ClassA += 1;
        if (CLASS_B.includes(name)) counts.r2ClassB += 1;
        const answer: unknown = Reflect.apply(value, target, args);
        if (name === "resumeMultipartUpload") return meteredR2(answer as R2MultipartUpload);
        if (name !== "createMultipartUpload") return answer;
        return (answer as Promise<R2MultipartUpload>).then(meteredR2);
      };
    },
  });
}

/** Each call of a stub's method is a session, and that is what is billed; what is asked of its answer is not. */
function meteredObjects(objects: DurableObjectNamespace): DurableObjectNamespace {
  const meteredStub = (stub: DurableObjectStub): DurableObjectStub =>
    new Proxy(stub, {
      get(_target, name) {
        const value: unknown = Reflect.get(stub, name, stub);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          counts.objectRequests += 1;
          return Reflect.apply(value, stub, args);
        };
      },
    });
  const partly: Pick<DurableObjectNamespace, "getByName" | "get" | "idFromName"> = {
    getByName: (name, options) => meteredStub(objects.getByName(name, options)),
    get: (id, options) => meteredStub(objects.get(id, options)),
    idFromName: (name) => objects.idFromName(name),
  };
  return partly as DurableObjectNamespace;
}
