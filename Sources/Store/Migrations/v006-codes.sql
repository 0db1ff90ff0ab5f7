-- Every code has one purpose, and keeps the settings it was created with.

-- Every process reads the text within the statement, so the columns are explained here.
--
-- email             the address the code was mailed to
-- purpose           'sign-in', 'new-address', 'current-address' or 'deletion'
-- user_id           the account it changes; x'': to sign in
-- about             for a code to the current address: the new one
-- id                new with every new code
-- code_hash         Argon2id with pepper
-- attempts          guesses that were counted
-- mailed_at         when a mail was last requested
-- used_at           when it was used
-- digits, attempts_allowed, lifetime, resend_after
--                   the settings the code was created with, times in milliseconds; NULL: it is older than these columns
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

-- The language of the first sign-in, for notices to an account that has not chosen a language: a notice is never in the
-- language of the user whose action it announces.
ALTER TABLE users ADD COLUMN first_locale TEXT;
