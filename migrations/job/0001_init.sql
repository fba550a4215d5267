-- One row of JSON for each name: the schema's number, the job, its cursor, and whether the account's list of jobs is out of date.
CREATE TABLE config (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- The last lines of the job's log.
CREATE TABLE log (seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, level TEXT NOT NULL, message TEXT NOT NULL);
-- Entries that are still to be sent to the audit log.
CREATE TABLE audit_outbox (id TEXT PRIMARY KEY, entry TEXT NOT NULL) WITHOUT ROWID;
