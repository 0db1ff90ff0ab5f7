-- Where a session was begun and last refreshed from, for its owner to know it by.
ALTER TABLE sessions ADD COLUMN client TEXT;                          -- network address, the last one
ALTER TABLE sessions ADD COLUMN user_agent TEXT;                      -- the last one

-- How often each thing in the audit has happened since there are counters: rows of the audit go when they are
-- old, and these numbers only grow.
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
