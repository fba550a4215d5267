-- What Infrequent Access is billed for besides storage, since the bucket was created. Nothing is left to count it again by.
ALTER TABLE usage ADD COLUMN retrieved_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage ADD COLUMN early_deletion_byte_days INTEGER NOT NULL DEFAULT 0;

-- When a lifecycle rule moved the object to its storage class; NULL when it was written in it.
ALTER TABLE objects ADD COLUMN moved_ms INTEGER;
