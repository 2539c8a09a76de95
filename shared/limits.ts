/** Every number that somebody might wonder about, with its unit and where it comes from. */

export const KB = 1_000;
export const MB = 1_000_000;
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const DAY = 24 * 60 * MINUTE;

/** Cloudflare's. https://developers.cloudflare.com/queues/platform/limits/ and …/d1/platform/limits/ */
export const PLATFORM = {
  /** Messages in one `sendBatch`. */
  sendBatchMessages: 100,
  /** Longest `delaySeconds` of a message: 24 h. */
  queueDelaySeconds: 86_400,
  /** One string, BLOB or row in D1 (not enforced locally, so we assert it ourselves). */
  d1ValueBytes: 2 * MB,
  /** Request body on a zone of the Free or Pro plan is 100 MB; ours is refused a little before. */
  requestBytes: 95 * MB,
  /** Wall time of one `queue()` invocation is 15 minutes. */
  deliveryMs: 15 * MINUTE,
  /** R2 multipart: every part but the last has the same size, at least 5 MiB. …/r2/platform/limits/ */
  r2PartBytes: 5 * 1024 * 1024,
} as const;

/** Ours, with the reason. */
export const LIMITS = {
  /** One intake slice: long enough to amortise the round trips, short enough that the isolate keeps answering. */
  sliceBytes: 4 * MB,
  /** One part of an upload: as small as R2 takes them, because a line that breaks loses one. */
  partBytes: 5 * 1024 * 1024,
  /** The CLI sends what is larger in parts (contract §3). */
  singleBodyBytes: 8 * MB,
  /** One upload: three times the largest file that is designed for; one request can still hash it. */
  uploadMaxBytes: 1_000 * MB,
  /** An upload that nobody has touched for so long is given up; R2 forgets an unfinished one after seven days. */
  uploadIdleMs: 2 * DAY,
  /** One JSON body of our own API: a replay of a thousand named jobs is about 40 kB. */
  jsonBodyBytes: 1 * MB,
  /** Between two pieces intake lets requests go first, at most so long. */
  intakeStandsBackMs: 25,
  /** Turns of the thread from a request's arrival to our first line (each is a millisecond locally, so they are few). */
  arrivalTurns: 3,
  /** So long after a request another one is expected. */
  watchedForMs: 2 * SECOND,
  /**
   * Text parsed at one go and rows of one call to D1, while nobody watches and while somebody does. Each call costs 2 ms
   * locally, before the first row (measured); a request waits for at most one of them.
   */
  intakeBites: { bytes: 256 * KB, rows: 2_000 },
  intakeSmallBites: { bytes: 64 * KB, rows: 1_000 },
  /** Rows and bytes of one `json_each` insert: half of what D1 takes, room for multi-byte text. */
  insertRows: 1_000,
  insertBytes: 1 * MB,
  /** … of rows, in characters: no letter takes more than three bytes for each, and so they need not be counted. */
  insertChars: 600 * KB,
  /** Row errors and warnings kept in full; more are counted. */
  rowErrorsListed: 10_000,
  /** One record of a file, in characters: longer, and it is a quote that was never closed. */
  recordChars: 1 * MB,
  /** JSON that is not JSON Lines is read whole (issue 4): an isolate has 128 MB, and text takes two bytes a letter. */
  jsonFileBytes: 20 * MB,
  /** Different keys of a file's objects: each is a column, and a file that makes one of every row is no table. */
  jsonKeys: 1_000,
  /** Nesting of JSON in a cell or record: people need three levels; SQLite reads a thousand, recursion fewer than it says. */
  jsonDepth: 64,
  /** Spellings of traits that are remembered to notice near-duplicates: of one trait, of the file, and how long one may be. */
  spellingsOfTrait: 250,
  spellingsOfFile: 2_000,
  spellingChars: 60,
  /** A ZIP unpacked, which lies on the CLI's disk meanwhile: bytes, files, and how often its own size. Art hardly shrinks. */
  archiveBytes: 20_000 * MB,
  archiveFiles: 100_000,
  archiveRatio: 200,
  /** … and below this a ZIP may shrink as much as it likes. */
  archiveFreeBytes: 100 * MB,
  /** Values counted a trait, and traits, for the summary of rarity. */
  rarityValues: 1_000,
  rarityTraits: 200,
  /** Media: above this, bytes are spooled to R2 instead of held in the isolate (6 jobs × 1 MB). */
  mediaInMemoryBytes: 1 * MB,
  /** Media: Sequence publishes no limit; 200 MB is what Mintline's own streaming is tested for. */
  mediaMaxBytes: 200 * MB,
  mediaRedirects: 5,
  /**
   * Bodies of unknown length that an isolate takes into R2 at once: each holds a part of 5 MiB, R2's copy of it and
   * what was read before, and an isolate has 128 MB for everything.
   */
  mediaPartsAtOnce: 4,
  /** Large media that an isolate sends from R2 at once: each is pieces in several hands, and more are no faster. */
  largeUploadsAtOnce: 4,
  /** How often who waits for room looks again. */
  mediaRoomPollMs: 50,
  /** Small media kept in memory for other rows of the isolate: a picture that many rows name is read from R2 once. */
  smallFilesBytes: 16 * MB,
  /**
   * Addresses that stand in several rows are fetched once for all: the most used, one for so many rows of the file
   * (in a small one `sharedAddressesMin`). Each costs two rows written, so in a large file at most 0.2 a job.
   */
  sharedAddressPerRows: 10,
  sharedAddressesMin: 100,
  /** While another delivery fetches for all: looked at every so often, growing to the second; then the job waits elsewhere. */
  sharedPollMs: { first: 200, most: 1_500 },
  sharedWaitMs: 10 * SECOND,
  sharedSnoozeSeconds: 5,
  /** Spooled media that a crash left behind: no job lasts so long. Looked for once in so much time: a list costs. */
  spoolLostMs: DAY,
  spoolSweepEveryMs: 60 * MINUTE,
  spoolSweepWithinMs: 1 * MINUTE,
  /** An SVG is checked as a whole, so it is held as a whole; art above this is not drawn by hand. */
  svgMaxBytes: 2 * MB,
  /** How often a job that waits for a place looks again: a place stays empty for half of this, of a job's 30 ms. */
  placePollMs: 2,
  /** A transfer that moves may last this long (contract §2); all tries of one fetch together. */
  mediaTransferMs: 5 * MINUTE,
  /** Tries inside one media fetch; waits of 200 to 400 and 400 to 800 ms, under two seconds in all (design §2.6). */
  mediaTries: 3,
  mediaRetryMs: 200,
  /** One JSON answer of Sequence: a page of 10,000 tokens is about 10 MB; more is no answer to us. */
  sequenceAnswerBytes: 32 * MB,
  /** Announced to be at most this long, an answer is read at once: it comes in one piece or not at all. */
  sequenceShortAnswerBytes: 16 * KB,
  /** Evidence kept of an upstream's answer. */
  evidenceBytes: 4 * KB,
  /** D1 refuses rows over 2 MB; a job's row stays well below. */
  jobRowBytes: 500 * KB,

  /** Lease: the longer of this and 2 × CALL_TIMEOUT_MS (design §2.4). */
  leaseFloorMs: 20 * SECOND,
  renewEveryMs: 4 * SECOND,
  /** No call is started with less lease left than CALL_TIMEOUT_MS and this. */
  leaseMarginMs: 2 * SECOND,
  /** A transfer that moves may last this long (contract §2, beside CALL_TIMEOUT_MS). */
  transferMs: 5 * MINUTE,
  /** No job is started after this much of a delivery … */
  startJobsForMs: 8 * MINUTE,
  /** … and none lasts longer than this; together below the platform's 15 minutes. */
  jobMs: 6 * MINUTE,
  /** No outcome waits longer for its settle than this. */
  settleWithinMs: 1 * SECOND,
  /** A job due within this is taken now: the queue's delay has whole seconds. */
  dueToleranceMs: 1 * SECOND,
  /** Waits up to this become a delayed message; longer ones stay in D1 (design §2.9). */
  delayedMessageMs: 60 * SECOND,

  /** Dispatch: messages outstanding, as seconds of the measured rate, within these bounds. */
  windowSeconds: 3,
  windowMin: 100,
  windowMax: 5_000,

  /** A hold that nobody has prolonged for this long after its end counts no more: three probes would have. */
  holdVoidMs: 15 * SECOND,
  /** Longest delay of the message that makes somebody dispatch again; a longer hold is the sweep's. */
  wakeMaxMs: 10 * MINUTE,
  /** Jobs behind a media host that does not answer come back this late by themselves; the first that gets through wakes them. */
  mediaHostDownMs: 10 * MINUTE,
  /** A media host that has not answered for this long is left to the attempts: its name may simply be wrong. */
  mediaPatienceMs: 15 * MINUTE,

  /** The sweep sends again what has been waiting for its message this long. */
  messageLostMs: 2 * MINUTE,
  /** A file that has not come in whole after this never will: no request lasts as long. */
  receivingMs: DAY,
  /** Bounded work of one sweep: jobs of one statement, pieces of a cancelled batch, leases, sends and uploads. */
  sweepJobs: 5_000,
  sweepPieces: 20,
  sweepRows: 100,
  /** Rescues before a job that keeps killing its consumer is buried as `job.crashed`. */
  rescuesMax: 10,

  /** Tokens of one RefreshTokenMetadata: what Sequence documents as the cap of a contract in its batch call. */
  refreshTokens: 50,

  /** Verify: what is not as public as it was left is looked at once more after this; a cache may be behind. */
  verifyAgainMs: 1 * SECOND,

  /** Dead letters put back in one transaction: about 0.3 s of D1, where a million would be past its 30 s. */
  replayPiece: 10_000,
  /** Ids of letters looked through in one statement of a selection, a discard: half a second of D1. */
  selectionPiece: 100_000,
  /** … of them within the request; the rest follows by messages, so that the answer does not wait. */
  replayFirst: 1_000,
  /** A replay puts back for so long in one message, then sends the next: others wait for the same queue. */
  replayMessageMs: 2 * SECOND,
  /** A replay's jobs are counted again at most so many in a second: a poller must not read a hundred thousand each time. */
  replayCountsPerSecond: 10_000,
  /** Dead letters put back a second, where the request says: slower is a person's work, faster is what Sequence limits. */
  replayPerSecond: { min: 0.1, max: 1_000 },
  /** A patch of dead letters: its size and its rows. Each row is read from the file, validated and held until all are. */
  patchBytes: 4 * MB,
  patchRows: 5_000,
  /** Defects of a patch that are told one by one. */
  patchProblems: 1_000,
  /** The row as submitted, in a dead letter's answer, in characters. */
  submittedChars: 64 * KB,
  /** Dead letters are kept so many days unless DEAD_LETTER_DAYS says otherwise. */
  deadLetterDays: 90,

  /** Server-sent events: how often a moving batch is looked at, and one that rests; after how long without a word a comment keeps proxies from closing; after how long the client is made to come back. */
  eventsEveryMs: 1 * SECOND,
  eventsRestingMs: 5 * SECOND,
  eventsSilenceMs: 15 * SECOND,
  eventsMs: 10 * MINUTE,

  listDefault: 50,
  listMax: 500,
} as const;
