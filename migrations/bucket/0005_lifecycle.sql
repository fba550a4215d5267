-- When the alarm looks at an object or an upload next. Objects that no rule governs have none, and no entry in the index: they pay nothing.
ALTER TABLE objects ADD COLUMN due_ms INTEGER;
CREATE INDEX objects_due ON objects (due_ms) WHERE due_ms IS NOT NULL;

-- Open uploads by the rules; finished ones are forgotten then.
ALTER TABLE uploads ADD COLUMN due_ms INTEGER;
UPDATE uploads SET due_ms = created_ms + 604800000;
DROP INDEX uploads_by_age;
CREATE INDEX uploads_due ON uploads (due_ms) WHERE due_ms IS NOT NULL;

-- Below which prefixes rules have changed, and from where on the alarm still has to follow that.
CREATE TABLE lifecycle_walk (
  over TEXT NOT NULL,               -- objects, uploads
  prefix TEXT NOT NULL,             -- NFC-normalised
  from_key TEXT NOT NULL,
  from_ms INTEGER NOT NULL DEFAULT 0,  -- of uploads, which share keys
  from_id TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (over, prefix)
) WITHOUT ROWID;
