-- Media addresses that stand in several rows of a batch, so that each is fetched once. schema.md shows an example row.

-- Intake writes a row for each such address; one that stands in a single row has none, and costs nothing here.
-- `line` is the first row that needs it: the delivery that runs this job fetches for all. Where that job does not
-- run, another delivery puts its lease into `fetcher` and fetches instead, so in the usual order of things nobody
-- writes to say that he fetches. The bytes rest in R2 under their hash. `refused`: the host would not give usable
-- media; each delivery asks for itself then, until one gets it.
CREATE TABLE media_fetches (
  batch_id     TEXT NOT NULL,
  url          TEXT NOT NULL,
  line         INTEGER NOT NULL,
  fetcher      TEXT,
  refused      INTEGER NOT NULL DEFAULT 0 CHECK (refused IN (0, 1)),
  sha256       TEXT,
  bytes        INTEGER,
  content_type TEXT,
  etag         TEXT,
  PRIMARY KEY (batch_id, url),
  CHECK ((sha256 IS NULL) = (bytes IS NULL) AND (sha256 IS NULL) = (content_type IS NULL))
) STRICT, WITHOUT ROWID;
