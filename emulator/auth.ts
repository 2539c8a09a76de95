/**
 * auth.ts: who calls. Secret keys are checked in the order of the shared middleware: signature, expiry,
 * Origin, project, access key, permission; each failure has its own error.
 */
import { createSecretKey } from "node:crypto";
import { errors as jwtErrors, jwtVerify } from "jose";
import * as z from "zod";
import { projectOfPublicKey } from "./keys.ts";
import { rememberedKeys, tokenSkewSeconds } from "./limits.ts";
import { type Refusal, refuse } from "./webrpc.ts";

const claimsSchema = z.object({
  project: z.int().positive().optional().catch(undefined),
  access: z.enum(["write", "read"]).optional(),
  exp: z.number().optional(),
});

type Claims = z.infer<typeof claimsSchema>;

export interface Caller {
  projectId: number;
}

export type KeyVerifier = (token: string, nowMs: number) => Promise<Claims | Refusal>;

/** Verifies tokens signed with `secret`; remembers good ones and looks only at their expiry again. */
export function keyVerifier(secret: string): KeyVerifier {
  const key = createSecretKey(Buffer.from(secret));
  const known = new Map<string, Claims>();
  return async (token, nowMs) => {
    const claims = known.get(token) ?? (await verify(token, key, nowMs));
    if ("refused" in claims) return claims;
    if (known.size >= rememberedKeys) known.clear();
    known.set(token, claims);
    const expired = claims.exp !== undefined && nowMs / 1000 - tokenSkewSeconds >= claims.exp;
    return expired ? refuse("SessionExpired") : claims;
  };
}

async function verify(token: string, key: ReturnType<typeof createSecretKey>, nowMs: number) {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ["HS256"],
      clockTolerance: tokenSkewSeconds,
      currentDate: new Date(nowMs),
    });
    return claimsSchema.parse(payload);
  } catch (error) {
    return error instanceof jwtErrors.JWTExpired
      ? refuse("SessionExpired")
      : refuse("Unauthorized", "token is unauthorized");
  }
}

/** The caller of a method that needs a secret key, or why there is none. */
export async function secretCaller(
  verifyKey: KeyVerifier,
  headers: Headers,
  need: "read" | "write",
  nowMs: number,
): Promise<Caller | Refusal> {
  const token = /^bearer (.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  const accessKey = headers.get("x-access-key") ?? "";
  // A public key alone is a session, only not one that may do this.
  if (token === undefined) return accessKey === "" ? refuse("Unauthorized") : refuse("PermissionDenied");
  const claims = await verifyKey(token.trim(), nowMs);
  if ("refused" in claims) return claims;
  const { project, access } = claims;
  if (project === undefined) return refuse("PermissionDenied");
  const origin = headers.get("origin") ?? "";
  if (origin !== "") return refuse("SecretKeyCorsDisallowed", `origin: ${origin}, project_id: ${project}`);
  if (accessKey !== "" && projectOfPublicKey(accessKey) !== project) return refuse("AccessKeyMismatch");
  if (need === "write" && access === "read") return refuse("UnauthorizedUser", "not enough permissions");
  return { projectId: project };
}

/** The caller of a method that needs only a public access key; a secret key does as well. */
export async function publicCaller(
  verifyKey: KeyVerifier,
  headers: Headers,
  nowMs: number,
): Promise<Caller | Refusal> {
  if (headers.has("authorization")) return secretCaller(verifyKey, headers, "read", nowMs);
  const accessKey = headers.get("x-access-key") ?? "";
  if (accessKey === "") return refuse("Unauthorized");
  const projectId = projectOfPublicKey(accessKey);
  return projectId === null ? refuse("AccessKeyNotFound") : { projectId };
}
