-- Columns and indexes for limits on keys: which key replaced another, how many have not ended, and which ended long ago.

ALTER TABLE api_keys ADD COLUMN replaces BLOB;                        -- the key that it replaced; NULL: none
ALTER TABLE api_keys ADD COLUMN replaced_by BLOB;                     -- the key that replaced it; NULL: none

-- Counting keys does not read their rows, which may be long.
DROP INDEX api_keys_by_project;
CREATE INDEX api_keys_by_project ON api_keys (project_id, sequence, deactivated_at, expires_at, replaced_by);
DROP INDEX api_keys_by_creator;
CREATE INDEX api_keys_by_creator ON api_keys (created_by, project_id, deactivated_at, expires_at, replaced_by);

-- When a key ended or will end; NULL: never.
DROP INDEX api_keys_by_expiry;
CREATE INDEX api_keys_by_end ON api_keys (coalesce(deactivated_at, expires_at));
