-- Batches that follow up another (publish, unpublish, verify), priorities, drifts, and what wallets look at.
-- schema.md shows an example row of each table.

-- A follow-up has jobs of its own over the rows of `source_batch`, on the same lines. The source names its latest
-- of each kind, so that the view of either is still one row.
ALTER TABLE batches ADD COLUMN kind TEXT NOT NULL DEFAULT 'submit'
  CHECK (kind IN ('submit', 'publish', 'unpublish', 'verify'));
ALTER TABLE batches ADD COLUMN source_batch TEXT;
ALTER TABLE batches ADD COLUMN publish_batch TEXT;
ALTER TABLE batches ADD COLUMN unpublish_batch TEXT;
ALTER TABLE batches ADD COLUMN verify_batch TEXT;
ALTER TABLE batches ADD COLUMN drifts INTEGER NOT NULL DEFAULT 0;
-- How often the speed was measured: the first measures weigh as much as they are.
ALTER TABLE batches ADD COLUMN rate_windows INTEGER NOT NULL DEFAULT 0;
-- An option like the others; a column only so that dispatch need not parse them all.
ALTER TABLE batches ADD COLUMN priority TEXT GENERATED ALWAYS AS (coalesce(options ->> '$.priority', 'normal')) VIRTUAL;

-- Where a verify found something other than what was left there. `line` 0: the collection's.
CREATE TABLE drifts (
  batch_id TEXT NOT NULL,
  line     INTEGER NOT NULL,
  field    TEXT NOT NULL,
  token_id TEXT NOT NULL,
  expected TEXT NOT NULL,
  got      TEXT NOT NULL,
  next     TEXT NOT NULL,
  found_at INTEGER NOT NULL,
  PRIMARY KEY (batch_id, line, field)
) STRICT, WITHOUT ROWID;

-- Contracts that a collection was linked to. `refused`: what Sequence said where it would not record it as well.
CREATE TABLE contracts (
  target           TEXT NOT NULL,
  collection_id    INTEGER NOT NULL,
  chain_id         INTEGER NOT NULL,
  contract_address TEXT NOT NULL,
  linked           INTEGER NOT NULL DEFAULT 0 CHECK (linked IN (0, 1)),
  refused          TEXT CHECK (refused IS NULL OR json_valid(refused)),
  created_at       INTEGER NOT NULL,
  PRIMARY KEY (target, collection_id, chain_id, contract_address)
) STRICT, WITHOUT ROWID;

-- One call to refresh what indexers know of a collection's tokens. It walks the jobs of its batches in pieces: each
-- piece is one task at Sequence, asked after until it ends. `place`: where the walk stands.
CREATE TABLE refreshes (
  id            TEXT PRIMARY KEY,
  target        TEXT NOT NULL,
  collection_id INTEGER NOT NULL,
  batch_id      TEXT,
  state         TEXT NOT NULL CHECK (state IN ('running', 'finished', 'halted')),
  place         TEXT NOT NULL CHECK (json_valid(place)),
  tokens        INTEGER NOT NULL DEFAULT 0,
  done          INTEGER NOT NULL DEFAULT 0,
  failed        INTEGER NOT NULL DEFAULT 0,
  error         TEXT CHECK (error IS NULL OR json_valid(error)),
  moved_at      INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  finished_at   INTEGER,
  CHECK ((state = 'running') = (finished_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX refreshes_running ON refreshes (target, collection_id) WHERE state = 'running';
CREATE INDEX refreshes_collection ON refreshes (target, collection_id, id);
