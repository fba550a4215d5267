-- The account: which buckets there are, and who may do what.

-- An index of the buckets for listings; each Bucket Durable Object owns its row and repairs it.
CREATE TABLE buckets (
  jurisdiction TEXT NOT NULL,
  name TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  location TEXT,
  storage_class TEXT NOT NULL,
  PRIMARY KEY (jurisdiction, name)
) WITHOUT ROWID;

-- API tokens. The S3 secret is sealed with the master key: signatures cannot be checked against a hash.
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  sealed_secret TEXT NOT NULL,
  policies TEXT NOT NULL,
  not_before_ms INTEGER,
  expires_ms INTEGER,
  created_ms INTEGER NOT NULL
) WITHOUT ROWID;
