-- What shows a bucket to everybody: its managed URL and its custom domains. A host is attached once in an account.
CREATE TABLE domains (
  host TEXT PRIMARY KEY,               -- of a managed URL its id, 32 hex digits, which no host name looks like
  kind TEXT NOT NULL,                  -- managed, custom
  jurisdiction TEXT NOT NULL,
  bucket TEXT NOT NULL,
  bucket_created_ms INTEGER NOT NULL,  -- which bucket of that name: one made anew inherits nothing
  enabled INTEGER NOT NULL,
  min_tls TEXT,
  ciphers TEXT,                        -- JSON
  zone_id TEXT,
  created_ms INTEGER NOT NULL,
  seen_ms INTEGER,                     -- the first request for the host, and the first over TLS
  seen_tls_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX domains_by_bucket ON domains (jurisdiction, bucket, kind, host);
CREATE UNIQUE INDEX managed_domains ON domains (jurisdiction, bucket) WHERE kind = 'managed';
