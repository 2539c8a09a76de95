/**
 * main.ts: `node emulator/main.ts`. Prints its address alone on a line once it takes calls; ends on SIGTERM and
 * SIGINT. Settings come from the environment; README.md lists them.
 */
import * as z from "zod";
import { faultSchema } from "./faults.ts";
import { startEmulator } from "./server.ts";
import { switchesPatch } from "./switches.ts";

const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue("expected JSON");
    return z.NEVER;
  }
});

const environment = z.object({
  EMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  EMULATOR_DIR: z.string().min(1).nullable().default(null),
  EMULATOR_MEDIA_DIR: z.string().min(1).nullable().default(null),
  EMULATOR_JWT_SECRET: z.string().min(1).optional(),
  EMULATOR_SWITCHES: json.pipe(switchesPatch).optional(),
  EMULATOR_FAULTS: json.pipe(z.array(faultSchema)).optional(),
  EMULATOR_SEED: z.string().optional(),
});

const settings = environment.safeParse(process.env);
if (!settings.success) {
  console.error(`emulator: the environment cannot be used\n${z.prettifyError(settings.error)}`);
  process.exit(2);
}

const { data } = settings;
const emulator = await startEmulator({
  port: data.EMULATOR_PORT,
  dir: data.EMULATOR_DIR,
  mediaDir: data.EMULATOR_MEDIA_DIR,
  secret: data.EMULATOR_JWT_SECRET,
  switches: data.EMULATOR_SWITCHES,
  faults: data.EMULATOR_FAULTS,
  seed: data.EMULATOR_SEED,
});
console.log(`emulator ${emulator.url}`);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => void emulator.close());
}
