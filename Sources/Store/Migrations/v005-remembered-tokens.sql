-- A MAC of the access token that the session was given last, under its signing key: what has it was signed by us, and
-- need not be verified. NULL: none since this column was added.
ALTER TABLE sessions ADD COLUMN access_token_tag BLOB CHECK (length(access_token_tag) = 32);
