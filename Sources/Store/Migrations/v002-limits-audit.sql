-- Data that must outlive a process: how often something happened recently, the networks that users
-- signed in from, and the audit log.

-- Counts for limits. A window is divided into slots, and one row counts all events of a slot.
CREATE TABLE limit_counts (
    name       TEXT    NOT NULL,                          -- of the limit, as a 429 tells it
    subject    TEXT    NOT NULL,                          -- whose: a network, an address, or '' for all
    began_at   INTEGER NOT NULL,                          -- the slot's first millisecond
    expires_at INTEGER NOT NULL,                          -- when the slot stops counting
    count      INTEGER NOT NULL,                          -- events that were let through
    refused    INTEGER NOT NULL,                          -- refusals that were noted
    PRIMARY KEY (name, subject, began_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX limit_counts_by_expiry ON limit_counts (expires_at);

-- The networks that an address was used to sign in from.
CREATE TABLE known_networks (
    email        TEXT    NOT NULL,
    network      TEXT    NOT NULL,                        -- an IPv4 address, or an IPv6 /64
    signed_in_at INTEGER NOT NULL,                        -- the last time
    PRIMARY KEY (email, network)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_networks_by_time ON known_networks (signed_in_at);

-- The audit log: what was done, by whom, from where. Rows are added, and deleted when they are old; none
-- changes. They outlive the accounts that they name, so they contain only ids.
CREATE TABLE audit_events (
    sequence   INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    event      TEXT    NOT NULL,
    user_id    BLOB    CHECK (length(user_id) = 16),      -- NULL: nobody had proved who they were
    subject_id BLOB    CHECK (length(subject_id) = 16),   -- the session or the API key
    detail     TEXT,
    client     TEXT    NOT NULL,                          -- network address
    request_id TEXT    NOT NULL                           -- as in the log and in X-Request-Id
) STRICT;
CREATE INDEX audit_events_by_time ON audit_events (at);

CREATE TRIGGER audit_events_never_change BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_events_are_never_replaced BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE sequence = new.sequence)
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_events_stay BEFORE DELETE ON audit_events
WHEN old.at > (unixepoch() - 23 * 3600) * 1000                -- a little less than the shortest audit_ttl
BEGIN
    SELECT RAISE(ABORT, 'the audit keeps its last 23 hours');
END;

CREATE INDEX sessions_by_expiry ON sessions (expires_at);
