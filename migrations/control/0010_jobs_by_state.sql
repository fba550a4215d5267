-- Finds the jobs of a bucket that run without a look at those that ended, and pages of one kind or state.
CREATE INDEX jobs_by_state ON jobs (jurisdiction, bucket, state, kind, id);
