/** Every route of the producer on one screen: method, address, needed role, handler. */
import { Hono } from "hono";
import { etag } from "hono/etag";
import { methodNotAllowed } from "hono/method-not-allowed";
import { authenticated, needs } from "./auth.ts";
import type { App } from "./context.ts";
import { failed, prepared, stamped } from "./middleware.ts";
import { counted } from "./others-first.ts";
import { getBatch, getBatchErrors, getBatches, getBatchJobs, getJob } from "./routes/batches.ts";
import { putCollectionImage } from "./routes/collection-image.ts";
import {
  createCollection,
  getCollection,
  getCollections,
  patchCollection,
  setPublished,
} from "./routes/collections.ts";
import { getContracts, getRefresh, linkContract, refreshCollection } from "./routes/contracts.ts";
import { controlBatch } from "./routes/control.ts";
import { patchDeadLetter, patchDeadLetters } from "./routes/dead-letter-edits.ts";
import {
  discardDeadLetters,
  getDeadLetter,
  getDeadLetterGroups,
  getDeadLetters,
} from "./routes/dead-letters.ts";
import { getDoctor } from "./routes/doctor.ts";
import { getBatchEvents } from "./routes/events.ts";
import { followUpBatch, getDrifts } from "./routes/follow-ups.ts";
import { deleteMediaSetFile, getMediaSet, nameMediaSetFiles, putMediaSetFile } from "./routes/media-sets.ts";
import { getMetrics } from "./routes/metrics.ts";
import { getReplay, getReplays, postReplayAbort, replayDeadLetters } from "./routes/replays.ts";
import { getResults } from "./routes/results.ts";
import { submitBatch } from "./routes/submit.ts";
import { healthz, listAddresses, methodRefused, noSuchAddress } from "./routes/system.ts";
import { getAsset, getToken } from "./routes/tokens.ts";
import { getUpload, postComplete, postUpload, putPart } from "./routes/uploads.ts";

const viewer = needs("viewer");
const operator = needs("operator");
const admin = needs("admin");

/** A batch is asked after again and again; unchanged, it is not sent again, but still says when to ask. */
const unchanged = etag({
  retainedHeaders: ["retry-after", "cache-control", "date", "etag", "vary", "x-request-id"],
});

export const app = new Hono<App>();

app.use(counted, stamped);
app.use(methodNotAllowed({ app, onMethodNotAllowed: methodRefused }));
app.get("/", listAddresses(app));
app.get("/healthz", healthz);

app.use("/v1/*", prepared, authenticated);
app.use("/metrics", prepared, authenticated);
app.get("/metrics", viewer, getMetrics);

app.post("/v1/batches", operator, submitBatch);
app.get("/v1/batches", viewer, getBatches);
app.get("/v1/batches/:id", viewer, unchanged, getBatch);
app.get("/v1/batches/:id/events", viewer, getBatchEvents);
app.get("/v1/batches/:id/errors", viewer, getBatchErrors);
app.get("/v1/batches/:id/jobs", viewer, getBatchJobs);
app.get(
  "/v1/batches/:id/results/:file{(?:succeeded|failed|unprocessed)\\.(?:csv|jsonl|json)}",
  viewer,
  getResults,
);
app.get("/v1/jobs/:id", viewer, getJob);
app.post("/v1/batches/:id/pause", operator, controlBatch("pause"));
app.post("/v1/batches/:id/resume", operator, controlBatch("resume"));
app.post("/v1/batches/:id/cancel", operator, controlBatch("cancel"));
app.post("/v1/batches/:id/start", operator, controlBatch("start"));
app.post("/v1/batches/:id/publish", operator, followUpBatch("publish"));
app.post("/v1/batches/:id/unpublish", operator, followUpBatch("unpublish"));
app.post("/v1/batches/:id/verify", operator, followUpBatch("verify"));
app.get("/v1/batches/:id/drifts", viewer, getDrifts);

app.get("/v1/dead-letters", viewer, getDeadLetters);
app.patch("/v1/dead-letters", operator, patchDeadLetters);
app.get("/v1/dead-letters/groups", viewer, getDeadLetterGroups);
app.post("/v1/dead-letters/replay", operator, replayDeadLetters);
app.post("/v1/dead-letters/discard", admin, discardDeadLetters);
app.get("/v1/dead-letters/:jobId", viewer, getDeadLetter);
app.patch("/v1/dead-letters/:jobId", operator, patchDeadLetter);
app.get("/v1/replays", viewer, getReplays);
app.get("/v1/replays/:id", viewer, getReplay);
app.post("/v1/replays/:id/abort", operator, postReplayAbort);

app.post("/v1/uploads", operator, postUpload);
app.get("/v1/uploads/:id", viewer, getUpload);
app.put("/v1/uploads/:id/parts/:number", operator, putPart);
app.post("/v1/uploads/:id/complete", operator, postComplete);

app.get("/v1/media-sets/:set", viewer, getMediaSet);
app.post("/v1/media-sets/:set", operator, nameMediaSetFiles);
app.put("/v1/media-sets/:set/:fileName{.+}", operator, putMediaSetFile);
app.delete("/v1/media-sets/:set/:fileName{.+}", admin, deleteMediaSetFile);

app.get("/v1/collections", viewer, getCollections);
app.post("/v1/collections", admin, createCollection);
app.get("/v1/collections/:id", viewer, getCollection);
app.patch("/v1/collections/:id", admin, patchCollection);
app.put("/v1/collections/:id/image", admin, putCollectionImage);
app.post("/v1/collections/:id/publish", admin, setPublished(true));
app.post("/v1/collections/:id/unpublish", admin, setPublished(false));
app.get("/v1/collections/:id/contracts", viewer, getContracts);
app.post("/v1/collections/:id/contracts", admin, linkContract);
app.post("/v1/collections/:id/refresh", operator, refreshCollection);
app.get("/v1/refreshes/:id", viewer, getRefresh);
app.get("/v1/collections/:id/tokens/:tokenId", viewer, getToken);
app.get("/v1/collections/:id/tokens/:tokenId/asset/:field", viewer, getAsset);

app.get("/v1/doctor", admin, getDoctor);

app.notFound(noSuchAddress(app));
app.onError(failed);
