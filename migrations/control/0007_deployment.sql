-- The deployment that this database belongs to. A deployment with another account id or master key writes nothing into it.
CREATE TABLE deployment (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  account_id TEXT NOT NULL,
  canary TEXT NOT NULL              -- sealed with the master key
);

-- The oldest code that may use the tables of a database, given as the number of the last migration that it knows. A migration that older
-- code cannot safely ignore raises this number.
CREATE TABLE schema_floor (
  database TEXT PRIMARY KEY,        -- control, segments
  compatible_from INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO schema_floor (database, compatible_from) VALUES ('control', 1), ('segments', 1);
