-- Entries of the account's audit log, written with the change that they tell of and sent on afterwards.
CREATE TABLE audit_outbox (
  id TEXT PRIMARY KEY,
  entry TEXT NOT NULL               -- JSON
) WITHOUT ROWID;
