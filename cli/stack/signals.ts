/** Asking a stack to end: the first signal of any kind counts, further ones do not cut the clean end short. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function endSignal(): Promise<"ended"> {
  const { promise, resolve } = Promise.withResolvers<"ended">();
  for (const signal of SIGNALS) process.on(signal, () => resolve("ended"));
  return promise;
}
