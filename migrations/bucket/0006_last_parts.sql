-- The number of the last part, if it is not the count of parts: for parts 1, 2 and 10000, or for a single part 5.
ALTER TABLE objects ADD COLUMN last_part INTEGER;

-- From this version on, ages in whole days end at midnight UTC. The alarm computes the due dates of the objects that have one again, in
-- bounded steps.
INSERT OR REPLACE INTO lifecycle_walk (over, prefix, from_key)
  SELECT 'objects', '', '' WHERE EXISTS (SELECT 1 FROM objects WHERE due_ms IS NOT NULL);
