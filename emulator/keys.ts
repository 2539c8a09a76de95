/**
 * keys.ts: secret keys (HS256 JWTs as the Builder makes them) and public access keys for the emulator.
 * None of them opens anything but an emulator on 127.0.0.1.
 */
import { SignJWT } from "jose";

export const defaultProject = 1;

/** Signs the keys unless EMULATOR_JWT_SECRET is set. Known to everyone, which is the point of an emulator. */
export const defaultSecret = "known-to-everyone-emulator-only";

// Real keys carry an account; the day is fixed so that the same key comes out on every start.
const account = "0x00000000000000000000000000000000000e0001";
const issuedAtSeconds = 1_767_225_600;

export interface KeyOptions {
  project: number;
  /** `write` where left out, as real keys say nothing about it in the JWT. */
  access?: "write" | "read";
  /** Unix time in seconds; real keys have none. */
  exp?: number;
  secret?: string;
}

/** A secret key: the value of JWT_ACCESS_KEY. The same options give the same key. */
export function makeKey({ project, access, exp, secret = defaultSecret }: KeyOptions): Promise<string> {
  const claims = new SignJWT({ account, project, access }).setProtectedHeader({ alg: "HS256", typ: "JWT" });
  claims.setIssuedAt(issuedAtSeconds);
  if (exp !== undefined) claims.setExpirationTime(exp);
  return claims.sign(new TextEncoder().encode(secret));
}

/** The public access key of a project, as sent in `X-Access-Key`. */
export function publicKeyOf(project: number): string {
  return `emulator-public-${project}`;
}

/** The project of a public access key, or null if it is no key. */
export function projectOfPublicKey(key: string): number | null {
  const digits = /^emulator-public-([1-9]\d{0,14})$/.exec(key)?.[1];
  return digits === undefined ? null : Number(digits);
}

export const defaultWriteKey = await makeKey({ project: defaultProject });
export const defaultPublicKey = publicKeyOf(defaultProject);
