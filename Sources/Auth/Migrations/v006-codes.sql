-- Every code has one purpose, and keeps what was promised with it.

CREATE TABLE new_challenges (
    email            TEXT    NOT NULL,
    purpose          TEXT    NOT NULL DEFAULT 'sign-in',              -- or 'new-address', 'current-address', 'deletion'
    user_id          BLOB    NOT NULL CHECK (length(user_id) IN (0, 16)),   -- whose account it changes; x'': to sign in
    about            TEXT    NOT NULL DEFAULT '',                     -- the new address, of a code for the current one
    id               BLOB    NOT NULL CHECK (length(id) = 16),        -- new with every new code
    code_hash        TEXT    NOT NULL,                                -- Argon2id with pepper
    attempts         INTEGER NOT NULL,                                -- guesses that were counted
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    mailed_at        INTEGER NOT NULL,                                -- when a mail was last asked for
    used_at          INTEGER,                                         -- when it did what it was for
    digits           INTEGER,                                         -- this and what follows: the settings that the code was
    attempts_allowed INTEGER,                                         -- made under; NULL: it was made before they were kept
    lifetime         INTEGER,                                         -- milliseconds
    resend_after     INTEGER,                                         -- milliseconds
    PRIMARY KEY (email, purpose, user_id, about)
) STRICT, WITHOUT ROWID;
INSERT INTO new_challenges
    SELECT email, CASE WHEN user_id = x'' THEN 'sign-in' ELSE 'new-address' END, user_id, '', id, code_hash, attempts,
           created_at, expires_at, mailed_at, used_at, NULL, NULL, NULL, NULL FROM challenges;
DROP TABLE challenges;
ALTER TABLE new_challenges RENAME TO challenges;
CREATE INDEX challenges_by_expiry ON challenges (expires_at);
CREATE INDEX challenges_by_user ON challenges (user_id) WHERE user_id <> x'';

-- The language of the first sign-in, for notices to an account that has not chosen one: a notice is never in the language
-- of whoever did what it tells of.
ALTER TABLE users ADD COLUMN first_locale TEXT;
