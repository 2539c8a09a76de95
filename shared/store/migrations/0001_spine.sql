-- The tables of the spine. Beside this folder, schema.md shows an example row of each.
-- Times are epoch milliseconds, JSON is text. STRICT: a wrong type is a defect and should fail at once.

CREATE TABLE batches (
  id              TEXT PRIMARY KEY,
  target          TEXT NOT NULL,
  name            TEXT NOT NULL,
  state           TEXT NOT NULL CHECK (state IN
    ('receiving','validating','invalid','planned','running','paused','halted','cancelled','finished')),
  run_epoch       INTEGER NOT NULL DEFAULT 0,
  collection_id   INTEGER NOT NULL,
  collection_published INTEGER NOT NULL DEFAULT 0 CHECK (collection_published IN (0, 1)),
  options         TEXT NOT NULL CHECK (json_valid(options)),
  format          TEXT,
  mapping         TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(mapping)),

  -- the submission itself, unparsed, in R2
  idempotency_key TEXT,
  fingerprint     TEXT NOT NULL,
  source_key      TEXT NOT NULL,
  source_bytes    INTEGER NOT NULL DEFAULT 0,
  source_sha256   TEXT NOT NULL DEFAULT '',

  -- intake: where the next slice begins. parser_state is what the parser must know to go on there.
  intake_offset   INTEGER NOT NULL DEFAULT 0,
  intake_line     INTEGER NOT NULL DEFAULT 1,
  intake_state    TEXT CHECK (intake_state IS NULL OR json_valid(intake_state)),
  intake_at       INTEGER NOT NULL DEFAULT 0,
  rows_total      INTEGER NOT NULL DEFAULT 0,
  rows_valid      INTEGER NOT NULL DEFAULT 0,
  rows_invalid    INTEGER NOT NULL DEFAULT 0,
  warnings        INTEGER NOT NULL DEFAULT 0,

  -- the eight counts; they add up to rows_valid from `running` on
  pending INTEGER NOT NULL DEFAULT 0 CHECK (pending >= 0),
  queued INTEGER NOT NULL DEFAULT 0 CHECK (queued >= 0),
  running INTEGER NOT NULL DEFAULT 0 CHECK (running >= 0),
  retryable INTEGER NOT NULL DEFAULT 0 CHECK (retryable >= 0),
  snoozed INTEGER NOT NULL DEFAULT 0 CHECK (snoozed >= 0),
  completed INTEGER NOT NULL DEFAULT 0 CHECK (completed >= 0),
  dead INTEGER NOT NULL DEFAULT 0 CHECK (dead >= 0),
  cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
  created INTEGER NOT NULL DEFAULT 0,
  updated INTEGER NOT NULL DEFAULT 0,
  unchanged INTEGER NOT NULL DEFAULT 0,

  -- dispatch walks the jobs by line from here, release and replay move it back; once cancelled, the sweep does
  dispatch_line   INTEGER NOT NULL DEFAULT 0,
  -- how many of a trial's first rows may still be dispatched; null: no trial
  trial_left      INTEGER,
  -- speed: jobs per second, and the mark it was last measured from
  rate_per_second REAL NOT NULL DEFAULT 0,
  rate_mark_at    INTEGER NOT NULL DEFAULT 0,
  rate_mark_done  INTEGER NOT NULL DEFAULT 0,

  waiting         TEXT CHECK (waiting IS NULL OR json_valid(waiting)),
  halted          TEXT CHECK (halted IS NULL OR json_valid(halted)),
  plan            TEXT CHECK (plan IS NULL OR json_valid(plan)),
  created_at      INTEGER NOT NULL,
  started_at      INTEGER,
  finished_at     INTEGER,

  CHECK ((state = 'halted') = (halted IS NOT NULL)),
  CHECK ((finished_at IS NOT NULL) = (state IN ('invalid','cancelled','finished')))
) STRICT;

CREATE UNIQUE INDEX batches_idempotency ON batches (target, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- Dispatch and the sweep ask only for what moves; a batch changes state a handful of times in its life. Not a
-- partial index: SQLite does not see that state = 'running' lies within a list of states, and would read them all.
CREATE INDEX batches_state ON batches (target, state);

-- One row a job. WITHOUT ROWID: the insert of a row then writes one row, not two.
-- No index on open states and none on tokens: each would cost a row written per change (design §3).
CREATE TABLE jobs (
  batch_id     TEXT NOT NULL,
  line         INTEGER NOT NULL,
  token_id     TEXT NOT NULL,
  args         TEXT NOT NULL,
  args_hash    TEXT NOT NULL,
  state        TEXT NOT NULL DEFAULT 'pending' CHECK (state IN
    ('pending','queued','running','retryable','snoozed','completed','dead','cancelled')),
  step         TEXT,
  attempt      INTEGER NOT NULL DEFAULT 0,
  claims       INTEGER NOT NULL DEFAULT 0,
  rescues      INTEGER NOT NULL DEFAULT 0,
  lease_id     TEXT,
  run_epoch    INTEGER,
  state_at     INTEGER NOT NULL DEFAULT 0,
  scheduled_at INTEGER,
  outputs      TEXT,
  outcome      TEXT CHECK (outcome IS NULL OR outcome IN ('created','updated','unchanged')),
  error        TEXT,
  attempts     TEXT,
  PRIMARY KEY (batch_id, line),
  CHECK ((state = 'running') = (lease_id IS NOT NULL)),
  CHECK ((state IN ('retryable','snoozed')) = (scheduled_at IS NOT NULL)),
  CHECK ((state = 'completed') = (outcome IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- Free while nothing fails: only jobs that wait stand in it.
CREATE INDEX jobs_waiting ON jobs (scheduled_at) WHERE state IN ('retryable','snoozed');

-- What this deployment holds upstream, by natural key. A pointer, not a copy: the job it names carries
-- hashes, asset ids and state. `claims` counts how often any job of ours was taken for this token, so
-- claims = 1 proves that nothing of ours can be there yet. `owned`: some earlier job made or adopted it.
-- `sent`: some earlier job may have sent a create-token whose answer nobody recorded. `found`: the token was
-- upstream before anything of ours was sent, so a likeness to the row proves nothing.
CREATE TABLE manifest (
  target        TEXT NOT NULL,
  collection_id INTEGER NOT NULL,
  token_id      TEXT NOT NULL,
  batch_id      TEXT NOT NULL,
  line          INTEGER NOT NULL,
  claims        INTEGER NOT NULL DEFAULT 1,
  owned         INTEGER NOT NULL DEFAULT 0 CHECK (owned IN (0, 1)),
  sent          INTEGER NOT NULL DEFAULT 0 CHECK (sent IN (0, 1)),
  found         INTEGER NOT NULL DEFAULT 0 CHECK (found IN (0, 1)),
  PRIMARY KEY (target, collection_id, token_id)
) STRICT, WITHOUT ROWID;

-- The time-limited right of one delivery to its jobs. `jobs` names them, so that a rescue reads only them.
CREATE TABLE leases (
  id         TEXT PRIMARY KEY,
  target     TEXT NOT NULL,
  jobs       TEXT NOT NULL CHECK (json_valid(jobs)),
  taken_at   INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a send, so that the sweep finds messages that vanished without reading the jobs of a batch. It names
-- its lines: from the first to the last of jobs that waited far apart may be the whole batch.
CREATE TABLE dispatches (
  batch_id   TEXT NOT NULL,
  id         TEXT NOT NULL,
  lines      TEXT NOT NULL CHECK (json_valid(lines)),
  sent_at    INTEGER NOT NULL,
  PRIMARY KEY (batch_id, id)
) STRICT, WITHOUT ROWID;

-- While the gate of a target's Sequence is shut, nothing of that target is dispatched. One row a target and not a
-- column of its batches: a batch that is submitted meanwhile waits as well, and shows for what.
CREATE TABLE holds (
  target  TEXT PRIMARY KEY,
  reason  TEXT NOT NULL CHECK (reason IN ('rate_limited','upstream_down')),
  host    TEXT NOT NULL,
  since   INTEGER NOT NULL,
  until   INTEGER NOT NULL,
  message TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Newest first is the way people read them, so the key is made to be walked backwards.
CREATE TABLE dead_letters (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  target      TEXT NOT NULL,
  batch_id    TEXT NOT NULL,
  line        INTEGER NOT NULL,
  token_id    TEXT NOT NULL,
  name        TEXT NOT NULL,
  state       TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open','replayed','discarded')),
  step        TEXT NOT NULL,
  code        TEXT NOT NULL,
  message     TEXT NOT NULL,
  next        TEXT NOT NULL,
  http_status INTEGER,
  host        TEXT,
  attempts    INTEGER NOT NULL,
  response    TEXT CHECK (response IS NULL OR json_valid(response)),
  created_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX dead_letters_open ON dead_letters (batch_id, line) WHERE state = 'open';
-- A batch's letters newest first, page by page: the id stands in every index, so this one is in that order.
-- Through the index above, each page of a batch with 100,000 letters would read and sort all of them.
CREATE INDEX dead_letters_batch ON dead_letters (batch_id);

CREATE TABLE replays (
  id           TEXT PRIMARY KEY,
  target       TEXT NOT NULL,
  filter       TEXT NOT NULL CHECK (json_valid(filter)),
  selected     INTEGER NOT NULL,
  created_at   INTEGER NOT NULL
) STRICT;

-- Which job a replay put back, so that its progress is counted from the jobs and never guessed.
CREATE TABLE replay_jobs (
  replay_id TEXT NOT NULL,
  batch_id  TEXT NOT NULL,
  line      INTEGER NOT NULL,
  PRIMARY KEY (replay_id, batch_id, line)
) STRICT, WITHOUT ROWID;

-- What validation found; a slice done twice writes the same keys.
CREATE TABLE row_errors (
  batch_id TEXT NOT NULL,
  line     INTEGER NOT NULL,
  col      TEXT NOT NULL,
  code     TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('error','warning')),
  message  TEXT NOT NULL,
  next     TEXT NOT NULL,
  value    TEXT,
  PRIMARY KEY (batch_id, line, col, code)
) STRICT, WITHOUT ROWID;

-- A name people give to bytes; the bytes rest in R2 under their hash.
CREATE TABLE media_files (
  target       TEXT NOT NULL,
  set_name     TEXT NOT NULL,
  file_name    TEXT NOT NULL,
  sha256       TEXT NOT NULL,
  bytes        INTEGER NOT NULL,
  content_type TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (target, set_name, file_name)
) STRICT, WITHOUT ROWID;
