import type { CallFailure } from "../../shared/api/call.ts";
import type { Result } from "../../shared/result.ts";

/** The value; or the end of the run, with what the server said. */
export function must<T>(result: Result<T, CallFailure>): T {
  if (result.ok) return result.value;
  throw new Error(JSON.stringify(result.error));
}
