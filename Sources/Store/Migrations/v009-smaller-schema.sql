-- Every process reads the whole schema, so it contains only what SQLite needs. Columns are explained here, types and checks in
-- Swift replace CHECKs, and code (AuditEvent) replaces the triggers.
--
-- This only removes comments and CHECKs, which are not part of a row. So it replaces the statements, as
-- sqlite.org/lang_altertable.html#otheralter describes, and copies no table. The order of columns stays as the earlier
-- scripts created it.
--
-- Times are milliseconds since 1970, UTC. Ids are UUIDs, 16 bytes; flags are 0 or 1.
--
-- users: who can sign in. email: ASCII, lower case. token_balance, tokens_used: billing. locale: of mail; NULL: as the browser
--     asks. first_locale: of the first sign-in.
-- members, invitations: role is one of Role's names.
-- sessions: generation: of the current refresh token, since rotated_at. expires_at: refreshing does not change it.
--     client, user_agent: the last ones. access_token_tag: a MAC of the last access token; NULL: none yet.
-- api_keys: sequence: the order of creation. prefix: the key's first 11 characters. key_hash: Argon2id. scopes: separated by
--     spaces; NULL: all. expires_at: NULL: never. told_days: the smallest number of days before its expiry that a mail announced;
--     0: no more mail. replaces, replaced_by: the other key of a rotation.
-- mail_items: the outbox. id: also in the Message-ID. due_at: next attempt; NULL: given up.
-- limit_counts: a slot of a window. subject: a network, an address, or '' for all. count: allowed; refused: recorded refusals.
-- known_networks: network: an IPv4 address, or an IPv6 /64. signed_in_at: the last time.
-- audit_events: rows are added, and deleted when they are old; none changes. user_id NULL: the client had not proved an identity.
-- counters: how often each event of the audit log has happened. detail: '' for none.
-- challenges: see v006.

PRAGMA writable_schema=ON;
UPDATE sqlite_schema AS s SET sql = CASE s.name
WHEN 'users' THEN 'CREATE TABLE users(id BLOB NOT NULL PRIMARY KEY,email TEXT NOT NULL UNIQUE,full_name TEXT,is_active INTEGER NOT NULL,is_superuser INTEGER NOT NULL,is_verified INTEGER NOT NULL,token_balance INTEGER NOT NULL,tokens_used INTEGER NOT NULL,subscription_tier TEXT NOT NULL,created_at INTEGER NOT NULL,updated_at INTEGER NOT NULL,locale TEXT,tells_sign_ins INTEGER NOT NULL DEFAULT 1,tells_key_expiry INTEGER NOT NULL DEFAULT 1,first_locale TEXT)STRICT,WITHOUT ROWID'
WHEN 'projects' THEN 'CREATE TABLE projects(id BLOB NOT NULL PRIMARY KEY,name TEXT NOT NULL,created_at INTEGER NOT NULL,updated_at INTEGER NOT NULL,description TEXT)STRICT,WITHOUT ROWID'
WHEN 'members' THEN 'CREATE TABLE members(user_id BLOB NOT NULL REFERENCES users,project_id BLOB NOT NULL REFERENCES projects,role TEXT NOT NULL,created_at INTEGER NOT NULL,PRIMARY KEY(user_id,project_id))STRICT,WITHOUT ROWID'
WHEN 'sessions' THEN 'CREATE TABLE sessions(id BLOB NOT NULL PRIMARY KEY,user_id BLOB NOT NULL REFERENCES users,generation INTEGER NOT NULL,rotated_at INTEGER NOT NULL,created_at INTEGER NOT NULL,expires_at INTEGER NOT NULL,revoked_at INTEGER,client TEXT,user_agent TEXT,access_token_tag BLOB)STRICT,WITHOUT ROWID'
WHEN 'api_keys' THEN 'CREATE TABLE api_keys(sequence INTEGER PRIMARY KEY,id BLOB NOT NULL UNIQUE,project_id BLOB NOT NULL REFERENCES projects,created_by BLOB NOT NULL REFERENCES users,prefix TEXT NOT NULL,key_hash TEXT NOT NULL,name TEXT NOT NULL,scopes TEXT,last_used_at INTEGER,expires_at INTEGER,deactivated_at INTEGER,created_at INTEGER NOT NULL,updated_at INTEGER NOT NULL,told_days INTEGER,replaces BLOB,replaced_by BLOB)STRICT'
WHEN 'mail_items' THEN 'CREATE TABLE mail_items(id BLOB NOT NULL PRIMARY KEY,subject_id BLOB NOT NULL,email TEXT NOT NULL,created_at INTEGER NOT NULL,expires_at INTEGER NOT NULL,attempts INTEGER NOT NULL,due_at INTEGER,last_error TEXT,kind TEXT NOT NULL DEFAULT ''code'',locale TEXT,details TEXT)STRICT,WITHOUT ROWID'
WHEN 'limit_counts' THEN 'CREATE TABLE limit_counts(name TEXT NOT NULL,subject TEXT NOT NULL,began_at INTEGER NOT NULL,expires_at INTEGER NOT NULL,count INTEGER NOT NULL,refused INTEGER NOT NULL,PRIMARY KEY(name,subject,began_at))STRICT,WITHOUT ROWID'
WHEN 'known_networks' THEN 'CREATE TABLE known_networks(email TEXT NOT NULL,network TEXT NOT NULL,signed_in_at INTEGER NOT NULL,PRIMARY KEY(email,network))STRICT,WITHOUT ROWID'
WHEN 'audit_events' THEN 'CREATE TABLE audit_events(sequence INTEGER PRIMARY KEY,at INTEGER NOT NULL,event TEXT NOT NULL,user_id BLOB,subject_id BLOB,detail TEXT,client TEXT NOT NULL,request_id TEXT NOT NULL)STRICT'
WHEN 'counters' THEN 'CREATE TABLE counters(event TEXT NOT NULL,detail TEXT NOT NULL,count INTEGER NOT NULL,PRIMARY KEY(event,detail))STRICT,WITHOUT ROWID'
WHEN 'invitations' THEN 'CREATE TABLE invitations(id BLOB NOT NULL PRIMARY KEY,project_id BLOB NOT NULL REFERENCES projects,email TEXT NOT NULL,role TEXT NOT NULL,invited_by BLOB NOT NULL REFERENCES users,created_at INTEGER NOT NULL,expires_at INTEGER NOT NULL,UNIQUE(project_id,email))STRICT,WITHOUT ROWID'
WHEN 'challenges' THEN 'CREATE TABLE challenges(email TEXT NOT NULL,purpose TEXT NOT NULL DEFAULT ''sign-in'',user_id BLOB NOT NULL,about TEXT NOT NULL DEFAULT '''',id BLOB NOT NULL,code_hash TEXT NOT NULL,attempts INTEGER NOT NULL,created_at INTEGER NOT NULL,expires_at INTEGER NOT NULL,mailed_at INTEGER NOT NULL,used_at INTEGER,digits INTEGER,attempts_allowed INTEGER,lifetime INTEGER,resend_after INTEGER,PRIMARY KEY(email,purpose,user_id,about))STRICT,WITHOUT ROWID'
ELSE sql END
-- A table to which someone added a column stays as it is.
WHERE type = 'table' AND (SELECT count(*) FROM pragma_table_info(s.name)) = CASE s.name
WHEN 'users' THEN 15 WHEN 'projects' THEN 5 WHEN 'members' THEN 4 WHEN 'sessions' THEN 10 WHEN 'api_keys' THEN 16
WHEN 'mail_items' THEN 11 WHEN 'limit_counts' THEN 6 WHEN 'known_networks' THEN 3 WHEN 'audit_events' THEN 8
WHEN 'counters' THEN 3 WHEN 'invitations' THEN 7 WHEN 'challenges' THEN 15 END;
-- This also makes every connection read the schema again.
DROP TRIGGER IF EXISTS audit_events_never_change;
DROP TRIGGER IF EXISTS audit_events_are_never_replaced;
DROP TRIGGER IF EXISTS audit_events_stay;
DROP TRIGGER IF EXISTS audit_events_are_counted;
-- With a condition that PostgreSQL accepts, too.
DROP INDEX IF EXISTS challenges_by_user;
CREATE INDEX challenges_by_user ON challenges(user_id) WHERE purpose <> 'sign-in';
PRAGMA writable_schema=RESET;
