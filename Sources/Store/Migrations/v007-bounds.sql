-- What bounds need: which key took another's place, how many keys have not ended, and which ended long ago.

ALTER TABLE api_keys ADD COLUMN replaces BLOB;                        -- the key whose place it took; NULL: none
ALTER TABLE api_keys ADD COLUMN replaced_by BLOB;                     -- the key that took its place; NULL: none

-- Keys are counted without a look at their rows, which may be long.
DROP INDEX api_keys_by_project;
CREATE INDEX api_keys_by_project ON api_keys (project_id, sequence, deactivated_at, expires_at, replaced_by);
DROP INDEX api_keys_by_creator;
CREATE INDEX api_keys_by_creator ON api_keys (created_by, project_id, deactivated_at, expires_at, replaced_by);

-- When a key ended or will end; NULL: never.
DROP INDEX api_keys_by_expiry;
CREATE INDEX api_keys_by_end ON api_keys (coalesce(deactivated_at, expires_at));
