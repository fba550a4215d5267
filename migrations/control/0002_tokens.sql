-- API tokens as the REST face manages them.

-- Finds a token by its value: a digest of the S3 secret, which is itself a digest of the value.
ALTER TABLE tokens ADD COLUMN value_digest TEXT;
CREATE UNIQUE INDEX tokens_by_value ON tokens (value_digest);

-- The policies as the client wrote them, for display; authorization reads `policies`.
ALTER TABLE tokens ADD COLUMN document TEXT;
ALTER TABLE tokens ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN modified_ms INTEGER;
CREATE INDEX tokens_by_age ON tokens (created_ms, id);
