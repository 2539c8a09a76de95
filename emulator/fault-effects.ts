/** fault-effects.ts: what a strike does to a call: instead of acting, or to the answer afterwards. */
import { type Answer, type Delivery, jsonAnswer, textAnswer } from "./answer.ts";
import type { Strike } from "./fault-script.ts";
import type { FaultWhat } from "./faults.ts";
import { proxyPage } from "./upload.ts";
import { type ErrorName, errorOfStatus, refusalAnswer, refuse } from "./webrpc.ts";

/** The delivery in place of acting, or null where the call is carried out first. */
export function insteadOfActing(strike: Strike): Delivery | null {
  const { what } = strike;
  switch (what.kind) {
    case "closeBefore":
      return { kind: "dropped" };
    case "outage":
      return outage(what.as);
    case "status":
      return what.after ? null : whole(statusAnswer(what));
    case "refuse":
      return whole(refusalAnswer(refuse(what.error, what.cause)));
    case "rateLimit":
      return whole(withRetryAfter(refusalAnswer(refuse(what.error)), what.retryAfterSeconds));
    case "closeAfter":
    case "cutBody":
    case "nullBody":
      return null;
    default:
      return whole(refusalAnswer(refuse(keyErrors[what.kind])));
  }
}

const keyErrors: Record<"refusedKey" | "readOnlyKey" | "expiredKey" | "spentQuota", ErrorName> = {
  refusedKey: "Unauthorized",
  readOnlyKey: "UnauthorizedUser",
  expiredKey: "SessionExpired",
  spentQuota: "QuotaExceeded",
};

/** What becomes of the answer of a call that was carried out. */
export function afterActing(strike: Strike | null, answer: Answer): Delivery {
  switch (strike?.what.kind) {
    case "closeAfter":
      return { kind: "dropped" };
    case "cutBody":
      return {
        kind: "cut",
        answer,
        atByte: strike.what.atByte ?? Math.floor(Buffer.byteLength(answer.body) / 2),
      };
    case "nullBody":
      return whole({ ...jsonAnswer(null), headers: answer.headers });
    case "status":
      return whole(statusAnswer(strike.what));
    default:
      return whole(answer);
  }
}

function outage(as: (FaultWhat & { kind: "outage" })["as"]): Delivery {
  return as === "close" || as === "refused" ? { kind: "dropped" } : whole(proxyPage(Number(as)));
}

function statusAnswer(what: FaultWhat & { kind: "status" }): Answer {
  const { status, body, error, cause, retryAfterSeconds } = what;
  return withRetryAfter(
    bodyOf(body, status, error ?? errorOfStatus(status), cause),
    retryAfterSeconds ?? null,
  );
}

function bodyOf(body: "json" | "html" | "text", status: number, error: ErrorName, cause?: string): Answer {
  if (body === "html") return proxyPage(status);
  if (body === "text") return textAnswer(`${cause ?? "error"}\n`, status);
  return refusalAnswer(refuse(error, cause), status);
}

function withRetryAfter(answer: Answer, retryAfter: number | string | null): Answer {
  return retryAfter === null
    ? answer
    : { ...answer, headers: { ...answer.headers, "Retry-After": String(retryAfter) } };
}

function whole(answer: Answer): Delivery {
  return { kind: "whole", answer };
}
