-- The audit log: who changed the account's configuration, how, and from where.
CREATE TABLE audit (
  id TEXT PRIMARY KEY,
  when_ms INTEGER NOT NULL,
  action TEXT NOT NULL,             -- CreateBucket
  kind TEXT NOT NULL,               -- create, update, delete
  token_id TEXT NOT NULL,
  token_name TEXT NOT NULL,
  ip TEXT,
  face TEXT NOT NULL,               -- API, S3
  method TEXT NOT NULL,
  uri TEXT NOT NULL,
  user_agent TEXT,
  ray_id TEXT,
  resource_type TEXT NOT NULL,      -- r2.bucket, token
  resource_id TEXT NOT NULL,
  jurisdiction TEXT,
  old_value TEXT,                   -- JSON
  new_value TEXT                    -- JSON
) WITHOUT ROWID;
CREATE INDEX audit_by_time ON audit (when_ms, id);

-- Where a bucket of this name was first created. Its Durable Object stays at that place, even if the bucket is deleted and created again.
CREATE TABLE locations (
  jurisdiction TEXT NOT NULL,
  name TEXT NOT NULL,
  location TEXT,
  PRIMARY KEY (jurisdiction, name)
) WITHOUT ROWID;
