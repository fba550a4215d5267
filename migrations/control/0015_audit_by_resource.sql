-- Finds the entries of one resource without a look at those of all others.
CREATE INDEX audit_by_resource ON audit (resource_type, resource_id, when_ms, id);
