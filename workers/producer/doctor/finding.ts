/** The three kinds of finding. Pure. */
import type { Finding } from "../../../shared/api/contract.ts";

export const fine = (check: string, code: string, message: string, next: string | null = null): Finding => ({
  check,
  ok: true,
  severity: "ok",
  code,
  message,
  next,
});

/** It works, but look at it. */
export const doubtful = (check: string, code: string, message: string, next: string): Finding => ({
  check,
  ok: true,
  severity: "warning",
  code,
  message,
  next,
});

export const wrong = (
  check: string,
  { code, message, next }: { code: string; message: string; next: string },
): Finding => ({
  check,
  ok: false,
  severity: "error",
  code,
  message,
  next,
});
