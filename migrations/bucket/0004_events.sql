-- Messages of event notifications. They are written in the transaction of the change that they describe, and sent in order.
CREATE TABLE events (
  queue_id TEXT NOT NULL,
  seq INTEGER NOT NULL,             -- without gaps: a queue's rows are deleted from the front only
  event_ms INTEGER NOT NULL,
  message TEXT NOT NULL,            -- JSON
  PRIMARY KEY (queue_id, seq)
) WITHOUT ROWID;

-- Queues that refused messages: how often in a row, and when to retry.
CREATE TABLE queue_retries (
  queue_id TEXT PRIMARY KEY,
  attempts INTEGER NOT NULL,
  due_ms INTEGER NOT NULL
) WITHOUT ROWID;
