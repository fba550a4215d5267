-- Sealed segments of the blobs that are too large for a Bucket's row and too small for KV. `data` is base64 text: D1 passes a BLOB as an
-- array of numbers, which is ten times slower. WITHOUT ROWID, because a separate index would cost a second row with each write.
CREATE TABLE segments (
  blob_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (blob_id, n)
) WITHOUT ROWID;
