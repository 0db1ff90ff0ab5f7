-- Every code has one purpose, and keeps what was promised with it.

-- What stands within the statement every process reads: so it says what the columns are here.
--
-- email             whom the code was mailed to
-- purpose           'sign-in', 'new-address', 'current-address' or 'deletion'
-- user_id           whose account it changes; x'': to sign in
-- about             the new address, of a code for the current one
-- id                new with every new code
-- code_hash         Argon2id with pepper
-- attempts          guesses that were counted
-- mailed_at         when a mail was last asked for
-- used_at           when it did what it was for
-- digits, attempts_allowed, lifetime, resend_after
--                   the settings that the code was made under, times in milliseconds; NULL: it was made before they were kept
CREATE TABLE new_challenges (
    email TEXT NOT NULL, purpose TEXT NOT NULL DEFAULT 'sign-in', user_id BLOB NOT NULL CHECK (length(user_id) IN (0, 16)),
    about TEXT NOT NULL DEFAULT '', id BLOB NOT NULL CHECK (length(id) = 16), code_hash TEXT NOT NULL, attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, mailed_at INTEGER NOT NULL, used_at INTEGER, digits INTEGER,
    attempts_allowed INTEGER, lifetime INTEGER, resend_after INTEGER,
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
