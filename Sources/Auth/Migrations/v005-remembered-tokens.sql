-- SHA-256 of the access token that the session was given last: what has it was signed by us, and need not be verified.
-- NULL: none since this column was added.
ALTER TABLE sessions ADD COLUMN access_token_hash BLOB CHECK (length(access_token_hash) = 32);
