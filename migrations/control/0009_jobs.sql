-- The list of an account's jobs. The Durable Object of each job holds the state that counts, and keeps its row here up to date.
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,           -- increases with time
  kind TEXT NOT NULL,
  jurisdiction TEXT NOT NULL,
  bucket TEXT NOT NULL,
  state TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  ended_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX jobs_of_bucket ON jobs (jurisdiction, bucket, id);
