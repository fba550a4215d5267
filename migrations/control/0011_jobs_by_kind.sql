-- The list of the jobs of a kind, and the number of those that have not ended.
CREATE INDEX jobs_of_kind ON jobs (kind, id);
CREATE INDEX active_jobs ON jobs (kind, id) WHERE ended_ms IS NULL;
