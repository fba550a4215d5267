-- The metadata of one bucket. The Bucket Durable Object applies this to its own database (durable-objects/keyspace/schema.ts). Tables are
-- WITHOUT ROWID wherever rows are found by a key of their own: a write then costs one row instead of two.

-- Settings and state of the bucket, one JSON value for each name: schema, info, cors, locks and others.
CREATE TABLE config (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- Current objects. TEXT compares as UTF-8 bytes, which is the order that S3 lists in.
CREATE TABLE objects (
  key TEXT PRIMARY KEY,             -- NFC-normalised
  spelled TEXT,                     -- the key as last written, if that differs
  version TEXT NOT NULL,
  blob_id TEXT NOT NULL,
  size INTEGER NOT NULL,
  etag TEXT NOT NULL,
  uploaded_ms INTEGER NOT NULL,
  storage_class TEXT NOT NULL,
  http_metadata TEXT,               -- JSON, absent when empty
  custom_metadata TEXT,             -- JSON, absent when empty
  hashes TEXT,                      -- JSON: digests beside the ETag
  checksum TEXT,                    -- JSON: algorithm, type, value
  ssec_key_md5 TEXT,
  parts_count INTEGER,
  metadata_bytes INTEGER NOT NULL
) WITHOUT ROWID;

-- Immutable byte strings. A stored blob has segments in its tier, or its sealed bytes in this row when it is inline. A composite blob
-- consists of extents of other blobs. References are counted: objects, parts and extents refer to blobs.
CREATE TABLE blobs (
  id TEXT PRIMARY KEY,
  refs INTEGER NOT NULL,
  size INTEGER NOT NULL,
  tier TEXT NOT NULL,               -- inline, d1:<n>, kv, composite
  chunk_bytes INTEGER NOT NULL,
  segment_bytes INTEGER NOT NULL,
  wrapped_key BLOB,
  key_id TEXT,
  bytes BLOB
) WITHOUT ROWID;

-- The extents of a composite blob, by the offset where they start in it.
CREATE TABLE extents (
  owner_id TEXT NOT NULL,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  blob_id TEXT NOT NULL,
  blob_offset INTEGER NOT NULL,
  part_number INTEGER NOT NULL,
  PRIMARY KEY (owner_id, start)
) WITHOUT ROWID;
CREATE INDEX extents_by_part ON extents (owner_id, part_number);

-- Multipart uploads. Finished ones stay for a week, so that a repeated abort is recognised.
CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL,              -- open, completed, aborted
  key TEXT NOT NULL,
  spelled TEXT,
  created_ms INTEGER NOT NULL,
  storage_class TEXT NOT NULL,
  http_metadata TEXT,
  custom_metadata TEXT,
  checksum_algorithm TEXT,
  checksum_type TEXT,
  ssec_key_md5 TEXT,
  bytes INTEGER NOT NULL            -- sum of its parts
) WITHOUT ROWID;
CREATE INDEX uploads_open ON uploads (key, created_ms, id) WHERE state = 'open';
CREATE INDEX uploads_by_age ON uploads (created_ms);

CREATE TABLE parts (
  upload_id TEXT NOT NULL,
  part_number INTEGER NOT NULL,
  blob_id TEXT NOT NULL,
  size INTEGER NOT NULL,
  etag TEXT NOT NULL,
  checksum TEXT,                    -- base64, of the upload's algorithm
  uploaded_ms INTEGER NOT NULL,
  PRIMARY KEY (upload_id, part_number)
) WITHOUT ROWID;

-- Things to delete, and when: journalled blobs (their commit removes the entry), dead blobs after a grace period for reads that have begun,
-- the extents of dead composites, the parts of finished uploads.
CREATE TABLE garbage (
  due_ms INTEGER NOT NULL,
  id TEXT NOT NULL,
  tier TEXT NOT NULL,               -- a segment tier, or composite, or upload
  segments INTEGER NOT NULL,        -- how many segments its tier may hold
  PRIMARY KEY (due_ms, id)
) WITHOUT ROWID;

-- Exact counters by storage class.
CREATE TABLE usage (
  storage_class TEXT PRIMARY KEY,
  objects INTEGER NOT NULL DEFAULT 0,
  payload_bytes INTEGER NOT NULL DEFAULT 0,
  metadata_bytes INTEGER NOT NULL DEFAULT 0,
  uploads INTEGER NOT NULL DEFAULT 0,
  upload_bytes INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
INSERT INTO usage (storage_class) VALUES ('Standard'), ('InfrequentAccess');
