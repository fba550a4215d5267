-- Counters since the bucket was created, of what Infrequent Access bills besides storage. No row is left from which they could be counted
-- again.
ALTER TABLE usage ADD COLUMN retrieved_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage ADD COLUMN early_deletion_byte_days INTEGER NOT NULL DEFAULT 0;

-- When a lifecycle rule moved the object to its storage class; NULL for an object that was written in that class.
ALTER TABLE objects ADD COLUMN moved_ms INTEGER;
