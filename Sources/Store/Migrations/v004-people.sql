-- Profiles, invitations, and several kinds of mail.

ALTER TABLE users ADD COLUMN locale TEXT;                             -- of mail: 'en', 'de', …; NULL: as the browser asks
ALTER TABLE users ADD COLUMN tells_sign_ins INTEGER NOT NULL DEFAULT 1 CHECK (tells_sign_ins IN (0, 1));
ALTER TABLE users ADD COLUMN tells_key_expiry INTEGER NOT NULL DEFAULT 1 CHECK (tells_key_expiry IN (0, 1));

ALTER TABLE projects ADD COLUMN description TEXT;

-- Who may join a project, by address, whether or not there is an account.
CREATE TABLE invitations (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    project_id BLOB    NOT NULL REFERENCES projects,
    email      TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    invited_by BLOB    NOT NULL REFERENCES users,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (project_id, email)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_by_email ON invitations (email);
CREATE INDEX invitations_by_inviter ON invitations (invited_by);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

-- The smallest number of days before its expiry that a mail announced; 0: no more mail.
ALTER TABLE api_keys ADD COLUMN told_days INTEGER;
CREATE INDEX api_keys_by_expiry ON api_keys (expires_at) WHERE expires_at IS NOT NULL AND deactivated_at IS NULL;
CREATE INDEX api_keys_by_creator ON api_keys (created_by);

-- An address has one code to sign in with, and one for each account that wants to change to it.
CREATE TABLE new_challenges (
    email      TEXT    NOT NULL,
    user_id    BLOB    NOT NULL CHECK (length(user_id) IN (0, 16)),   -- x'': to sign in
    id         BLOB    NOT NULL CHECK (length(id) = 16),              -- new with every new code
    code_hash  TEXT    NOT NULL,                                      -- Argon2id with pepper
    attempts   INTEGER NOT NULL,                                      -- guesses that were counted
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    mailed_at  INTEGER NOT NULL,                                      -- when a mail was last asked for
    used_at    INTEGER,                                               -- when it did what it was for
    PRIMARY KEY (email, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO new_challenges
    SELECT email, x'', id, code_hash, attempts, created_at, expires_at, mailed_at, used_at FROM challenges;
DROP TABLE challenges;
ALTER TABLE new_challenges RENAME TO challenges;
CREATE INDEX challenges_by_expiry ON challenges (expires_at);
CREATE INDEX challenges_by_user ON challenges (user_id) WHERE user_id <> x'';

-- The outbox takes mail of every kind. A mail refers to a row elsewhere; `details` has what that row no
-- longer contains, never a code.
ALTER TABLE mail_items RENAME COLUMN challenge_id TO subject_id;
ALTER TABLE mail_items ADD COLUMN kind TEXT NOT NULL DEFAULT 'code';
ALTER TABLE mail_items ADD COLUMN locale TEXT;                        -- the request's language
ALTER TABLE mail_items ADD COLUMN details TEXT;
CREATE INDEX mail_items_by_email ON mail_items (email);
