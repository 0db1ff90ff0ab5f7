-- A MAC of the session's last access token, under its signing key: a token with this MAC was signed here, so its signature
-- need not be verified. NULL: no token since this column exists.
ALTER TABLE sessions ADD COLUMN access_token_tag BLOB CHECK (length(access_token_tag) = 32);
