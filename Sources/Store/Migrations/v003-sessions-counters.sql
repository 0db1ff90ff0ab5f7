-- Where a session was last used from, so that its owner recognizes it.
ALTER TABLE sessions ADD COLUMN client TEXT;                          -- network address, the last one
ALTER TABLE sessions ADD COLUMN user_agent TEXT;                      -- the last one

-- How often each event of the audit log has happened since this table exists: old rows of the audit log are
-- deleted, and these numbers only grow.
CREATE TABLE counters (
    event  TEXT    NOT NULL,
    detail TEXT    NOT NULL,                                          -- '' for none
    count  INTEGER NOT NULL,
    PRIMARY KEY (event, detail)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_events_are_counted AFTER INSERT ON audit_events
BEGIN
    INSERT INTO counters (event, detail, count) VALUES (new.event, ifnull(new.detail, ''), 1)
    ON CONFLICT (event, detail) DO UPDATE SET count = count + 1;
END;
