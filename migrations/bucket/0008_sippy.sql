-- Copies that Sippy makes of objects of its source: one row for each key that is being copied, or that waits for the bucket's Sippy job.
-- A write or a deletion of the key removes its row, and then the copy is not committed.
CREATE TABLE sippy_copies (
  key TEXT PRIMARY KEY,             -- NFC-normalised
  spelled TEXT,                     -- the key as it was asked for, if that differs
  id TEXT NOT NULL,                 -- this attempt: a commit has to name it
  until_ms INTEGER,                 -- when an attempt of a request counts as lost; NULL for a copy that waits for the job
  etag TEXT NOT NULL,               -- the source's own
  size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sippy_copies_by_time ON sippy_copies (until_ms);
