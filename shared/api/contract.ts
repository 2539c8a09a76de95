/**
 * What the HTTP API speaks, one schema a noun. The Worker answers with these, the CLI, the dashboard and the
 * tests read with them, so they agree by construction. Times are ISO 8601 in UTC, token ids decimal strings.
 */
export * from "./contract/batch.ts";
export * from "./contract/collection.ts";
export * from "./contract/dead-letter.ts";
export * from "./contract/doctor.ts";
export * from "./contract/edit.ts";
export * from "./contract/job.ts";
export * from "./contract/media.ts";
export * from "./contract/page.ts";
export * from "./contract/problem.ts";
export * from "./contract/replay.ts";
export * from "./contract/time.ts";
export * from "./contract/upload.ts";
