/** The numbers of the fault runs, each with its unit. */

export const SECOND = 1_000;
/** The emulator waits so long before it acts, unless a run says otherwise: a service in the same building. */
export const latencyMs = 2;
/** Between two looks at a batch. */
export const pollMs = 100;
/** Between SIGKILL of a process group and the end of its listener. */
export const quietWithinMs = 20 * SECOND;
/** Violations of one run that are printed; all of them are counted. */
export const violationsShown = 20;
