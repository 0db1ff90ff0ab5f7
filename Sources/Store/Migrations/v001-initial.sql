-- Times are milliseconds since 1970, UTC. Ids are UUIDs, 16 bytes. No secret is stored: a code and
-- an API key as Argon2id hashes, a refresh token as the number of its generation.

-- Who can sign in. The first right code creates an account.
CREATE TABLE users (
    id                BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    email             TEXT    NOT NULL UNIQUE,            -- ASCII, lower case
    full_name         TEXT,
    is_active         INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    is_superuser      INTEGER NOT NULL CHECK (is_superuser IN (0, 1)),
    is_verified       INTEGER NOT NULL CHECK (is_verified IN (0, 1)),
    token_balance     INTEGER NOT NULL,                   -- billing: what may still be used
    tokens_used       INTEGER NOT NULL,                   -- billing: what was used
    subscription_tier TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE projects (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who belongs to which project.
CREATE TABLE members (
    user_id    BLOB    NOT NULL REFERENCES users,
    project_id BLOB    NOT NULL REFERENCES projects,
    role       TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, project_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_project ON members (project_id);

-- The code that an address may sign in with: one at a time, whether or not it has an account.
CREATE TABLE challenges (
    email      TEXT    NOT NULL PRIMARY KEY,
    id         BLOB    NOT NULL CHECK (length(id) = 16),  -- new with every new code
    code_hash  TEXT    NOT NULL,                          -- Argon2id with pepper
    attempts   INTEGER NOT NULL,                          -- guesses that were counted
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    mailed_at  INTEGER NOT NULL,                          -- when a mail was last asked for
    used_at    INTEGER                                    -- when it signed someone in
) STRICT, WITHOUT ROWID;
CREATE INDEX challenges_by_expiry ON challenges (expires_at);

CREATE TABLE sessions (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id    BLOB    NOT NULL REFERENCES users,
    generation INTEGER NOT NULL,                          -- of the refresh token that is good now
    rotated_at INTEGER NOT NULL,                          -- when that became so
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,                          -- however often it is refreshed
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE api_keys (
    sequence       INTEGER PRIMARY KEY,                   -- the order in which they were made
    id             BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    project_id     BLOB    NOT NULL REFERENCES projects,
    created_by     BLOB    NOT NULL REFERENCES users,
    prefix         TEXT    NOT NULL,                      -- the key's first 11 characters
    key_hash       TEXT    NOT NULL,                      -- Argon2id
    name           TEXT    NOT NULL,
    scopes         TEXT,                                  -- with spaces between; NULL: all
    last_used_at   INTEGER,
    expires_at     INTEGER,                               -- NULL: never
    deactivated_at INTEGER,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX api_keys_by_prefix ON api_keys (prefix);
CREATE INDEX api_keys_by_project ON api_keys (project_id, sequence);

-- The outbox: mail that has not been accepted for delivery yet. A row names its challenge; the code
-- is derived again when the mail is sent.
CREATE TABLE mail_items (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),  -- also in the Message-ID
    challenge_id BLOB    NOT NULL,
    email        TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,                        -- with its code
    attempts     INTEGER NOT NULL,
    due_at       INTEGER,                                 -- next attempt; NULL: refused for good
    last_error   TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_items_by_due ON mail_items (due_at);
CREATE INDEX mail_items_by_expiry ON mail_items (expires_at);
