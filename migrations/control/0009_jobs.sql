-- The list of an account's jobs. Each job is a Durable Object, which is the truth and keeps its row here up to date.
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,           -- rises with time
  kind TEXT NOT NULL,
  jurisdiction TEXT NOT NULL,
  bucket TEXT NOT NULL,
  state TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  ended_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX jobs_of_bucket ON jobs (jurisdiction, bucket, id);
