-- Indexes to count the outbox without reading all of it. A mail that was given up has no due_at, and is deleted when it expires.
-- Its attempts show whether a mail that is not due yet waits for a retry; its age shows how long it waits.

DROP INDEX mail_items_by_due;
DROP INDEX mail_items_by_expiry;
CREATE INDEX mail_items_by_due ON mail_items (due_at, expires_at, attempts);
CREATE INDEX mail_items_by_age ON mail_items (created_at) WHERE due_at IS NOT NULL;
