-- The bucket that a segment belongs to, as <jurisdiction>/<name>, and the time until which its write may take. They distinguish an orphan
-- from a segment in use.
ALTER TABLE segments ADD COLUMN bucket TEXT;
ALTER TABLE segments ADD COLUMN deadline_ms INTEGER;
