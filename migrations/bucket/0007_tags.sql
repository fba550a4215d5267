-- The tags of an object, and of the object that an open upload makes: a JSON list of keys and values, NULL when there are none. They are
-- in the row of the object, so that an object without tags costs nothing more.
ALTER TABLE objects ADD COLUMN tags TEXT;
ALTER TABLE uploads ADD COLUMN tags TEXT;
