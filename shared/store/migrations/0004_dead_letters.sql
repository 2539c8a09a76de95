-- Dead letters in large numbers: grouped, listed by any filter, replayed at a pace, edited, discarded and pruned.
-- schema.md shows an example row of each.
-- heavy: nothing was deployed before this, so no table of it is large yet.

-- Step, code, normalised message and host, hashed where the letter is written (shared/job/fingerprint.ts): what has
-- one cause has one fingerprint. Letters of before are told apart by step, code and host.
ALTER TABLE dead_letters ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
UPDATE dead_letters SET fingerprint = 'before:' || step || ':' || code || ':' || coalesce(host, '');

-- Each of these is in the order in which its list is shown, newest first, so that a page reads a page. Between them they serve
-- every filter: a letter is written once and read often, but each index is a row written for it, so there is none for
-- what a fingerprint already says (step, code, host). Behind its order, a batch's holds what its groups are made of.
DROP INDEX dead_letters_batch;
CREATE INDEX dead_letters_target ON dead_letters (target, state, created_at);
CREATE INDEX dead_letters_batch ON dead_letters (batch_id, state, created_at, fingerprint, target);
CREATE INDEX dead_letters_cause ON dead_letters (target, state, fingerprint, created_at);
CREATE INDEX dead_letters_job ON dead_letters (batch_id, line);

-- A replay is an object of its own. `selecting`: its letters are being written down, from `selected_to` on, up to
-- `newest_letter`; from then on the selection never changes. `running`: jobs are put back up to `put_to`, at
-- `per_second` (null: at once), and run. The counts are moved in the transaction that moves what they count.
ALTER TABLE replays ADD COLUMN state TEXT NOT NULL DEFAULT 'running'
  CHECK (state IN ('selecting','running','finished','aborted'));
ALTER TABLE replays ADD COLUMN per_second REAL;
ALTER TABLE replays ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE replays ADD COLUMN newest_letter INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replays ADD COLUMN selected_to INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replays ADD COLUMN put_to INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replays ADD COLUMN put_back INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replays ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replays ADD COLUMN completed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replays ADD COLUMN dead_again INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replays ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replays ADD COLUMN moved_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replays ADD COLUMN counted_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replays ADD COLUMN ended_at INTEGER;
CREATE INDEX replays_state ON replays (target, state);

-- The letters of a replay. `waiting`: selected. `back`: its job was put back. Then what became of that: `completed`,
-- `dead` (again), `cancelled`. `left`: never put back, or taken back by an abort.
CREATE TABLE replay_letters (
  replay_id TEXT NOT NULL,
  letter_id INTEGER NOT NULL,
  batch_id  TEXT NOT NULL,
  line      INTEGER NOT NULL,
  state     TEXT NOT NULL CHECK (state IN ('waiting','back','completed','dead','cancelled','left')),
  PRIMARY KEY (replay_id, letter_id)
) STRICT, WITHOUT ROWID;
INSERT INTO replay_letters (replay_id, letter_id, batch_id, line, state)
SELECT r.replay_id, max(d.id), r.batch_id, r.line, 'back' FROM replay_jobs r
JOIN dead_letters d ON d.batch_id = r.batch_id AND d.line = r.line AND d.state = 'replayed' GROUP BY 1, 3, 4;
DROP TABLE replay_jobs;
ALTER TABLE replay_letters RENAME TO replay_jobs;
UPDATE replays SET selected = (SELECT count(*) FROM replay_jobs k WHERE k.replay_id = replays.id),
  put_back = (SELECT count(*) FROM replay_jobs k WHERE k.replay_id = replays.id);

-- A letter that waits in one replay is not selected by another: so each job is put back by one.
CREATE UNIQUE INDEX replay_jobs_waiting ON replay_jobs (letter_id) WHERE state = 'waiting';
-- Progress asks for those that are under way, and no others.
CREATE INDEX replay_jobs_back ON replay_jobs (replay_id) WHERE state = 'back';

-- Who changed which cells of a dead row, from what to what. `args` and `token_id`: what the job had before. The file
-- in R2 stays as it was submitted.
CREATE TABLE edits (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  target    TEXT NOT NULL,
  batch_id  TEXT NOT NULL,
  line      INTEGER NOT NULL,
  letter_id INTEGER NOT NULL,
  edited_at INTEGER NOT NULL,
  edited_by TEXT NOT NULL,
  cells     TEXT NOT NULL CHECK (json_valid(cells)),
  args      TEXT NOT NULL CHECK (json_valid(args)),
  token_id  TEXT NOT NULL
) STRICT;
CREATE INDEX edits_job ON edits (batch_id, line);

-- Where in its file a slice of intake began, so that a row can be found again without reading all before it. The
-- first slice has none: it begins where the rows do.
CREATE TABLE source_marks (
  batch_id TEXT NOT NULL,
  line     INTEGER NOT NULL,
  offset   INTEGER NOT NULL,
  PRIMARY KEY (batch_id, line)
) STRICT, WITHOUT ROWID;
