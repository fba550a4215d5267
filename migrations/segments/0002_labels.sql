-- Whose a segment is, as <jurisdiction>/<name>, and until when its write may go on: an orphan can be told from a segment in use.
ALTER TABLE segments ADD COLUMN bucket TEXT;
ALTER TABLE segments ADD COLUMN deadline_ms INTEGER;
