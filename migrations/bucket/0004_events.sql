-- Messages of event notifications, written with the change that they tell of, and sent on in order.
CREATE TABLE events (
  queue_id TEXT NOT NULL,
  seq INTEGER NOT NULL,             -- without gaps: a queue's rows go from the front
  event_ms INTEGER NOT NULL,
  message TEXT NOT NULL,            -- JSON
  PRIMARY KEY (queue_id, seq)
) WITHOUT ROWID;

-- Queues that refuse: how often in a row, and when they are tried again.
CREATE TABLE queue_retries (
  queue_id TEXT PRIMARY KEY,
  attempts INTEGER NOT NULL,
  due_ms INTEGER NOT NULL
) WITHOUT ROWID;
