-- Stored figures over time. A Bucket only updates its rows in `storage_now`; triggers keep the sums of the account and the list of changes,
-- so that a repeated update changes nothing.

-- The figures of each bucket, as of its last point.
CREATE TABLE storage_now (
  bucket TEXT NOT NULL,            -- <jurisdiction>_<name>, without the prefix of the default jurisdiction
  storage_class TEXT NOT NULL,
  created_minute INTEGER NOT NULL, -- since the epoch
  minute INTEGER NOT NULL,         -- of the last point
  objects INTEGER NOT NULL DEFAULT 0,
  payload_bytes INTEGER NOT NULL DEFAULT 0,
  metadata_bytes INTEGER NOT NULL DEFAULT 0,
  uploads INTEGER NOT NULL DEFAULT 0,
  upload_bytes INTEGER NOT NULL DEFAULT 0,
  retrieved_bytes INTEGER NOT NULL DEFAULT 0,
  early_deletion_byte_days INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, storage_class)
) WITHOUT ROWID;

-- The figures of each bucket as a whole.
CREATE TABLE storage_buckets (
  bucket TEXT PRIMARY KEY,
  until_ms INTEGER NOT NULL,       -- until then, the bucket may have changed since its last point
  garbage INTEGER NOT NULL DEFAULT 0,
  backlog INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX storage_buckets_until ON storage_buckets (until_ms);

-- The sums of `storage_now`.
CREATE TABLE storage_account (
  storage_class TEXT PRIMARY KEY,
  created_minute INTEGER NOT NULL, -- of the first bucket
  objects INTEGER NOT NULL DEFAULT 0,
  payload_bytes INTEGER NOT NULL DEFAULT 0,
  metadata_bytes INTEGER NOT NULL DEFAULT 0,
  uploads INTEGER NOT NULL DEFAULT 0,
  upload_bytes INTEGER NOT NULL DEFAULT 0,
  retrieved_bytes INTEGER NOT NULL DEFAULT 0,
  early_deletion_byte_days INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
INSERT INTO storage_account (storage_class, created_minute) VALUES ('Standard', 9000000000000), ('InfrequentAccess', 9000000000000);

-- The difference that each point made. A past figure is the present one less all later differences.
CREATE TABLE storage_changes (
  bucket TEXT NOT NULL,
  minute INTEGER NOT NULL,
  storage_class TEXT NOT NULL,
  objects INTEGER NOT NULL,
  payload_bytes INTEGER NOT NULL,
  metadata_bytes INTEGER NOT NULL,
  uploads INTEGER NOT NULL,
  upload_bytes INTEGER NOT NULL,
  retrieved_bytes INTEGER NOT NULL,
  early_deletion_byte_days INTEGER NOT NULL,
  PRIMARY KEY (bucket, minute, storage_class)
) WITHOUT ROWID;
CREATE INDEX storage_changes_minute ON storage_changes (minute);

CREATE TRIGGER storage_changed AFTER UPDATE ON storage_now
WHEN NEW.objects <> OLD.objects OR NEW.payload_bytes <> OLD.payload_bytes OR NEW.metadata_bytes <> OLD.metadata_bytes
  OR NEW.uploads <> OLD.uploads OR NEW.upload_bytes <> OLD.upload_bytes OR NEW.retrieved_bytes <> OLD.retrieved_bytes
  OR NEW.early_deletion_byte_days <> OLD.early_deletion_byte_days
BEGIN
  UPDATE storage_account SET
    objects = objects + NEW.objects - OLD.objects,
    payload_bytes = payload_bytes + NEW.payload_bytes - OLD.payload_bytes,
    metadata_bytes = metadata_bytes + NEW.metadata_bytes - OLD.metadata_bytes,
    uploads = uploads + NEW.uploads - OLD.uploads,
    upload_bytes = upload_bytes + NEW.upload_bytes - OLD.upload_bytes,
    retrieved_bytes = retrieved_bytes + NEW.retrieved_bytes - OLD.retrieved_bytes,
    early_deletion_byte_days = early_deletion_byte_days + NEW.early_deletion_byte_days - OLD.early_deletion_byte_days
    WHERE storage_class = NEW.storage_class;
  INSERT INTO storage_changes VALUES (NEW.bucket, NEW.minute, NEW.storage_class,
    NEW.objects - OLD.objects, NEW.payload_bytes - OLD.payload_bytes, NEW.metadata_bytes - OLD.metadata_bytes,
    NEW.uploads - OLD.uploads, NEW.upload_bytes - OLD.upload_bytes, NEW.retrieved_bytes - OLD.retrieved_bytes,
    NEW.early_deletion_byte_days - OLD.early_deletion_byte_days)
  ON CONFLICT (bucket, minute, storage_class) DO UPDATE SET
    objects = objects + excluded.objects,
    payload_bytes = payload_bytes + excluded.payload_bytes,
    metadata_bytes = metadata_bytes + excluded.metadata_bytes,
    uploads = uploads + excluded.uploads,
    upload_bytes = upload_bytes + excluded.upload_bytes,
    retrieved_bytes = retrieved_bytes + excluded.retrieved_bytes,
    early_deletion_byte_days = early_deletion_byte_days + excluded.early_deletion_byte_days;
END;

-- The index of buckets is written with INSERT OR REPLACE, which would replace conflicting rows here, too: so nothing here conflicts.
CREATE TRIGGER storage_of_new_bucket AFTER INSERT ON buckets
BEGIN
  INSERT INTO storage_now (bucket, storage_class, created_minute, minute)
    SELECT label, storage_class, NEW.created_ms / 60000, NEW.created_ms / 60000
    FROM storage_account, (SELECT iif(NEW.jurisdiction = 'default', NEW.name, NEW.jurisdiction || '_' || NEW.name) AS label)
    WHERE NOT EXISTS (SELECT 1 FROM storage_buckets WHERE bucket = label);
  INSERT INTO storage_buckets (bucket, until_ms)
    SELECT label, 9000000000000000
    FROM (SELECT iif(NEW.jurisdiction = 'default', NEW.name, NEW.jurisdiction || '_' || NEW.name) AS label)
    WHERE NOT EXISTS (SELECT 1 FROM storage_buckets WHERE bucket = label);
  UPDATE storage_account SET created_minute = min(created_minute, NEW.created_ms / 60000);
END;

CREATE TRIGGER storage_of_gone_bucket AFTER DELETE ON buckets
BEGIN
  UPDATE storage_now SET objects = 0, payload_bytes = 0, metadata_bytes = 0, uploads = 0, upload_bytes = 0, retrieved_bytes = 0,
    early_deletion_byte_days = 0, minute = max(minute, unixepoch() / 60)
    WHERE bucket = iif(OLD.jurisdiction = 'default', OLD.name, OLD.jurisdiction || '_' || OLD.name);
  DELETE FROM storage_now WHERE bucket = iif(OLD.jurisdiction = 'default', OLD.name, OLD.jurisdiction || '_' || OLD.name);
  DELETE FROM storage_buckets WHERE bucket = iif(OLD.jurisdiction = 'default', OLD.name, OLD.jurisdiction || '_' || OLD.name);
END;

-- Buckets of earlier versions are asked until their first point.
INSERT INTO storage_now (bucket, storage_class, created_minute, minute)
  SELECT iif(jurisdiction = 'default', name, jurisdiction || '_' || name), storage_account.storage_class, created_ms / 60000, created_ms / 60000
  FROM buckets, storage_account;
INSERT INTO storage_buckets (bucket, until_ms)
  SELECT iif(jurisdiction = 'default', name, jurisdiction || '_' || name), 9000000000000000 FROM buckets;
UPDATE storage_account SET created_minute = coalesce((SELECT min(created_ms) / 60000 FROM buckets), created_minute);
