-- Operations, as sums by minute. Minutes older than two days are added up into quarter hours; nothing is older than 31 days.
CREATE TABLE operations (
  minute INTEGER NOT NULL,         -- since the epoch
  bucket TEXT NOT NULL,            -- <jurisdiction>_<name>, without the prefix of the default jurisdiction; empty when no bucket is known
  action TEXT NOT NULL,
  status INTEGER NOT NULL,
  storage_class TEXT NOT NULL,
  region TEXT NOT NULL,
  requests INTEGER NOT NULL,
  response_bytes INTEGER NOT NULL,
  object_bytes INTEGER NOT NULL,
  PRIMARY KEY (minute, bucket, action, status, storage_class, region)
) WITHOUT ROWID;

-- The same sums since the beginning, for counters that must not go back.
CREATE TABLE operation_totals (
  bucket TEXT NOT NULL,
  action TEXT NOT NULL,
  status INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  response_bytes INTEGER NOT NULL,
  object_bytes INTEGER NOT NULL,
  minute INTEGER NOT NULL,         -- of the last addition
  PRIMARY KEY (bucket, action, status)
) WITHOUT ROWID;

-- All rows before this minute are quarter hours.
CREATE TABLE operations_compacted (id INTEGER PRIMARY KEY CHECK (id = 1), minute INTEGER NOT NULL);
INSERT INTO operations_compacted VALUES (1, 0);
