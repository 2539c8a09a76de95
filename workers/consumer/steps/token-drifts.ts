/** A token's metadata against its row, field by field. Pure. */
import type { Drift } from "../../../shared/job/drift.ts";
import type { JobArgs } from "../../../shared/job/job.ts";
import { canonical } from "./look.ts";

/** A value is shown as far as a person reads it. */
const SHOWN_CHARS = 500;

const NEXT =
  "Submit the row's file again with --force to write the row, or change the file to keep what is there.";

/** Under Sequence's own names; absent, "", null and empty lists and objects are one on the wire. */
export function tokenDrifts({ token }: JobArgs, there: object): Drift[] {
  const got: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(there));
  const expected: Readonly<Record<string, unknown>> = { external_url: "", background_color: "", ...token };
  return Object.entries(expected).flatMap(([field, value]) =>
    wire(value) === wire(got[field])
      ? []
      : [{ field, expected: shown(value), got: shown(got[field]), next: NEXT }],
  );
}

/** A zero is left out by Go as well: `decimals` 0 comes back as none. */
const wire = (value: unknown): string =>
  value === undefined || value === null || value === "" || value === 0 || isEmpty(value)
    ? ""
    : canonical(value);

const isEmpty = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;

const shown = (value: unknown): string =>
  (typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing")).slice(0, SHOWN_CHARS);
