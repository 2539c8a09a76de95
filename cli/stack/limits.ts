/** The numbers of `npm start`, each with its unit and its reason. */

/** Between two sweeps; the contract's section 1. Production has a minute, because cron has no finer step. */
export const sweepEveryMs = 5_000;
/** One sweep is bounded work (seconds at a million rows); beyond this its answer is given up as lost. */
export const sweepAnswerMs = 120_000;

/** Until `/healthz` answers: bundling and starting takes 2 to 4 s on two cores, much more on a busy machine. */
export const readyWithinMs = 120_000;
export const readyPollMs = 50;
/** Until the emulator says where it is; it has only to open its database. */
export const emulatorReadyWithinMs = 30_000;
/** `ready` waits no longer than this for what the doctor has to say about a slow METADATA_URL. */
export const doctorWithinMs = 10_000;

/** A delivery gives back its lease within milliseconds of its last outcome; beyond this one was left behind. */
export const factsQuietWithinMs = 5_000;

/** Between SIGTERM and SIGKILL at the end. `wrangler dev` takes 1.7 s when nothing runs. */
export const stopGraceMs = 10_000;

/** Lines of a child's log that are shown when it dies. */
export const logTailLines = 25;
/** Read from the end of a log to find them. */
export const logTailBytes = 16_384;

export const defaultPort = 8787;
export const defaultStateDir = ".wrangler/state";
/** https://developers.cloudflare.com/queues/platform/limits/: `max_batch_size` is 1 to 100. */
export const queueBatchSizeMax = 100;
export const queueBatchSizeDefault = 10;
