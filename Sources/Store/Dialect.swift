// The statements that SQLite and PostgreSQL need in different words. All others have one text for both.

/// One store's text of each such statement.
enum Dialect {
    #if POSTGRESQL
    /// Takes the mail that has been due longest, or one that a clock which was ahead postponed. `MailItem.take` has the
    /// values. SKIP LOCKED: a subselect is not evaluated again after a wait, so two would take one mail.
    static let takeMail: StaticString =
        """
        UPDATE mail_items SET attempts = attempts + 1, due_at = $1
        WHERE id = coalesce(
            (SELECT id FROM mail_items WHERE due_at <= $2 ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED),
            (SELECT id FROM mail_items
             WHERE due_at > $3 AND (created_at > $4 OR due_at - (expires_at - created_at) / 32 > $5)
             ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED))
        RETURNING id, kind, subject_id, email, locale, details, created_at, expires_at, attempts
        """
    /// Takes the newest untried mail.
    static let takeNewestMail: StaticString =
        """
        UPDATE mail_items SET attempts = attempts + 1, due_at = $1
        WHERE id = (SELECT id FROM mail_items WHERE due_at <= $2 AND attempts = 0
                    ORDER BY due_at DESC LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING id, kind, subject_id, email, locale, details, created_at, expires_at, attempts
        """
    /// Counts an event. A counter has 64 rows, one for each remainder of a connection's number: with a single row,
    /// every transaction would wait for the one before it to commit.
    static let addToCounter: StaticString =
        """
        INSERT INTO counters (event, detail, shard, count) VALUES ($1, $2, pg_backend_pid() % 64, 1)
        ON CONFLICT (event, detail, shard) DO UPDATE SET count = counters.count + 1
        """
    /// All counters, by name.
    static let readCounters: StaticString =
        """
        SELECT event, detail, CAST(sum(count) AS BIGINT) FROM counters
        GROUP BY event, detail ORDER BY event, detail
        """
    #else
    /// Takes the mail that has been due longest, or one that a clock which was ahead postponed. `MailItem.take` has the
    /// values.
    static let takeMail: StaticString =
        """
        UPDATE mail_items SET attempts = attempts + 1, due_at = $1
        WHERE id = coalesce(
            (SELECT id FROM mail_items WHERE due_at <= $2 ORDER BY due_at LIMIT 1),
            (SELECT id FROM mail_items
             WHERE due_at > $3 AND (created_at > $4 OR due_at - (expires_at - created_at) / 32 > $5)
             ORDER BY due_at LIMIT 1))
        RETURNING id, kind, subject_id, email, locale, details, created_at, expires_at, attempts
        """
    /// Takes the newest untried mail.
    static let takeNewestMail: StaticString =
        """
        UPDATE mail_items SET attempts = attempts + 1, due_at = $1
        WHERE id = (SELECT id FROM mail_items WHERE due_at <= $2 AND attempts = 0 ORDER BY due_at DESC LIMIT 1)
        RETURNING id, kind, subject_id, email, locale, details, created_at, expires_at, attempts
        """
    /// Counts an event.
    static let addToCounter: StaticString =
        """
        INSERT INTO counters (event, detail, count) VALUES ($1, $2, 1)
        ON CONFLICT (event, detail) DO UPDATE SET count = counters.count + 1
        """
    /// All counters, by name.
    static let readCounters: StaticString = "SELECT event, detail, count FROM counters ORDER BY event, detail"
    #endif
}
