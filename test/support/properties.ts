/**
 * How property tests run: by the same seed each time, so that a failure here is a failure everywhere; fast-check
 * prints it. Who wants to know more raises the runs and changes the seed:
 * `VITE_PROPERTY_TIMES=50 VITE_PROPERTY_SEED=7 npx vitest run --project=consumer test/shared/store/model.test.ts`.
 */
const { VITE_PROPERTY_TIMES, VITE_PROPERTY_SEED } = import.meta.env;

/** @param numRuns how often in the suite. */
export const runs = (numRuns: number): { readonly numRuns: number; readonly seed: number } => ({
  numRuns: numRuns * Number(VITE_PROPERTY_TIMES ?? 1),
  seed: Number(VITE_PROPERTY_SEED ?? 20_261_123),
});
