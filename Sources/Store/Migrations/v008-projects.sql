-- An outbox that is looked over without reading all of it. Mails that were given up have no due_at, and go by their expiry;
-- whether one that is not due yet waits, or is to be sent later, its attempts tell; how long they wait, their age.

DROP INDEX mail_items_by_due;
DROP INDEX mail_items_by_expiry;
CREATE INDEX mail_items_by_due ON mail_items (due_at, expires_at, attempts);
CREATE INDEX mail_items_by_age ON mail_items (created_at) WHERE due_at IS NOT NULL;
