-- The number of the last part, where it is another one than the count of parts: parts 1, 2 and 10000, or a single part 5.
ALTER TABLE objects ADD COLUMN last_part INTEGER;

-- Ages in whole days end at midnight UTC from now on: the alarm dates anew, in bounded steps, what rules govern.
INSERT OR REPLACE INTO lifecycle_walk (over, prefix, from_key)
  SELECT 'objects', '', '' WHERE EXISTS (SELECT 1 FROM objects WHERE due_ms IS NOT NULL);
