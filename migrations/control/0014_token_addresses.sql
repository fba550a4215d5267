-- The addresses from which a token may be used, as JSON: {"in": [...], "notIn": [...]}. NULL for a token that may be used from everywhere.
ALTER TABLE tokens ADD COLUMN addresses TEXT;
