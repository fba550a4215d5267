-- Sealed segments of the blobs that are too large for a Bucket's row and too small for KV.
-- `data` is base64 text: D1 passes a BLOB as an array of numbers, ten times slower.
-- Without a rowid, since an index of its own would be a second row to pay for with each write.
CREATE TABLE segments (
  blob_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (blob_id, n)
) WITHOUT ROWID;
