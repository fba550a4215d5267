-- Which temporary credentials did something, and who made them: the entry of their making has their id as its resource.
ALTER TABLE audit ADD COLUMN session_id TEXT;
CREATE INDEX audit_sessions ON audit (resource_id) WHERE action = 'CreateTemporaryCredentials';
