-- Entries of the account's audit log. They are written in the transaction of the change that they describe, and sent to the log afterwards.
CREATE TABLE audit_outbox (
  id TEXT PRIMARY KEY,
  entry TEXT NOT NULL               -- JSON
) WITHOUT ROWID;
