-- The addresses at which a bucket is public: its managed URL and its custom domains. A host can be attached only once in an account.
CREATE TABLE domains (
  host TEXT PRIMARY KEY,               -- for a managed URL its id: 32 hex digits, which no host name has
  kind TEXT NOT NULL,                  -- managed, custom
  jurisdiction TEXT NOT NULL,
  bucket TEXT NOT NULL,
  bucket_created_ms INTEGER NOT NULL,  -- tells buckets of one name apart: a new one inherits no domain
  enabled INTEGER NOT NULL,
  min_tls TEXT,
  ciphers TEXT,                        -- JSON
  zone_id TEXT,
  created_ms INTEGER NOT NULL,
  seen_ms INTEGER,                     -- time of the first request for the host, and of the first over TLS
  seen_tls_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX domains_by_bucket ON domains (jurisdiction, bucket, kind, host);
CREATE UNIQUE INDEX managed_domains ON domains (jurisdiction, bucket) WHERE kind = 'managed';
