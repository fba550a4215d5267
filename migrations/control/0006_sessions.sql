-- The temporary credentials that made a change. The entry of their creation has their id as its resource, and says who made them.
ALTER TABLE audit ADD COLUMN session_id TEXT;
CREATE INDEX audit_sessions ON audit (resource_id) WHERE action = 'CreateTemporaryCredentials';
