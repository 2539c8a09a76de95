-- Files that come in parts, and names given to bytes that are there already. schema.md shows an example row of each.

-- One file on its way, or here. The bytes lie in R2 under `object_key`: as a multipart upload while `open`, as an
-- object once `completed`. `moved`: they became media and lie under their hash. `dropped`: nobody wants them; the
-- sweep takes away bytes first and row last. `bytes` and `sha256` are what was announced until `completed`, and
-- what was counted and hashed from then on. `used`: a batch reads the object, so it stays.
CREATE TABLE uploads (
  id           TEXT PRIMARY KEY,
  target       TEXT NOT NULL,
  state        TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open','completed','moved','dropped')),
  bytes        INTEGER,
  sha256       TEXT,
  part_bytes   INTEGER NOT NULL,
  object_key   TEXT NOT NULL,
  multipart_id TEXT NOT NULL,
  used         INTEGER NOT NULL DEFAULT 0 CHECK (used IN (0, 1)),
  created_at   INTEGER NOT NULL,
  touched_at   INTEGER NOT NULL,
  CHECK (state = 'open' OR state = 'dropped' OR (bytes IS NOT NULL AND sha256 IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- The same file, asked for again, goes on with the upload that is there.
CREATE INDEX uploads_content ON uploads (target, sha256, bytes) WHERE sha256 IS NOT NULL;
CREATE INDEX uploads_touched ON uploads (touched_at);

-- R2 does not list the parts of an unfinished upload, and wants each one's etag at the end.
CREATE TABLE upload_parts (
  upload_id TEXT NOT NULL,
  number    INTEGER NOT NULL,
  bytes     INTEGER NOT NULL,
  etag      TEXT NOT NULL,
  PRIMARY KEY (upload_id, number)
) STRICT, WITHOUT ROWID;

-- A picture that is here under any name need not be sent again under another.
CREATE INDEX media_files_content ON media_files (target, sha256);
