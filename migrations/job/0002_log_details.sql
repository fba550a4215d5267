-- The kind of event that a line reports, and the key of the object that it is about.
ALTER TABLE log ADD COLUMN type TEXT;
ALTER TABLE log ADD COLUMN key TEXT;
