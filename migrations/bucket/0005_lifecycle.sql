-- When the alarm looks at an object or an upload next. It is NULL for objects that no rule applies to: they have no entry in the index and
-- cost nothing.
ALTER TABLE objects ADD COLUMN due_ms INTEGER;
CREATE INDEX objects_due ON objects (due_ms) WHERE due_ms IS NOT NULL;

-- For an open upload the rules decide the date; a finished upload is deleted at it.
ALTER TABLE uploads ADD COLUMN due_ms INTEGER;
UPDATE uploads SET due_ms = created_ms + 604800000;
DROP INDEX uploads_by_age;
CREATE INDEX uploads_due ON uploads (due_ms) WHERE due_ms IS NOT NULL;

-- The prefixes whose rules have changed, and from where on the alarm still has to apply the change.
CREATE TABLE lifecycle_walk (
  over TEXT NOT NULL,               -- objects, uploads
  prefix TEXT NOT NULL,             -- NFC-normalised
  from_key TEXT NOT NULL,
  from_ms INTEGER NOT NULL DEFAULT 0,  -- for uploads only, since several may have one key
  from_id TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (over, prefix)
) WITHOUT ROWID;
