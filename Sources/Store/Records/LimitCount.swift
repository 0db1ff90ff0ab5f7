// How often something happened lately: the counts behind the limits.
//
// A window is divided into slots. A slot counts until all of it has left the window, so no window, wherever it begins,
// ever exceeds its quota. An event is forgotten at most one slot late.

package import Platform
import SQL

/// The counts of one slot.
package struct LimitCount {
    /// When the slot began.
    package let beganAt: Timestamp
    /// Events that were allowed.
    package let count: Int64
    /// Refusals that were recorded.
    package let refused: Int64

    /// Slots of one window.
    private static let slotsPerWindow: Int64 = 16

    /// The length of one slot of `window`.
    package static func slotLength(of window: Duration) -> Duration {
        Duration(milliseconds: max(1, (window.milliseconds + slotsPerWindow - 1) / slotsPerWindow))
    }

    /// When the slot that contains `now` began.
    private static func slot(at now: Timestamp, of window: Duration) -> Timestamp {
        Timestamp(milliseconds: now.milliseconds - now.milliseconds % slotLength(of: window).milliseconds)
    }

    /// The slots of `window` that count at `now`, oldest first. After a clock was set back, slots in the future do not
    /// count, within the clock tolerance.
    package static func all(
        of name: StaticString, subject: String, window: Duration, at now: Timestamp, in database: Database
    ) throws(AuthError) -> [LimitCount] {
        try database.all(
            """
            SELECT began_at, count, refused FROM limit_counts
            WHERE name = $1 AND subject = $2 AND began_at > $3 AND began_at <= $4 ORDER BY began_at
            """,
            [
                .text(name.description), .text(subject), .time(now - window - slotLength(of: window)),
                .time(now + StoreBounds.clockTolerance),
            ]
        ) { LimitCount(beganAt: $0.time(0), count: $0.integer(1), refused: $0.integer(2)) }
    }

    /// Counts one event, or one refusal, in the slot of `now`. Returns when the slot began.
    @discardableResult
    package static func add(
        count: Int64, refused: Int64, to name: StaticString, subject: String, window: Duration,
        at now: Timestamp, in database: Database
    ) throws(AuthError) -> Timestamp {
        let slot = slot(at: now, of: window)
        try database.queue(
            """
            INSERT INTO limit_counts (name, subject, began_at, expires_at, count, refused)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (name, subject, began_at) DO UPDATE SET
                count = limit_counts.count + excluded.count, refused = limit_counts.refused + excluded.refused,
                expires_at = CASE WHEN limit_counts.expires_at > excluded.expires_at THEN limit_counts.expires_at
                                  ELSE excluded.expires_at END
            """,
            [
                .text(name.description), .text(subject), .time(slot),
                .time(slot + slotLength(of: window) + window), .integer(count), .integer(refused),
            ])
        return slot
    }

    /// How many refusals the slot of `now` has recorded.
    package static func refused(
        of name: StaticString, subject: String, window: Duration, at now: Timestamp, in database: Database
    ) throws(AuthError) -> Int64 {
        try database.first(
            "SELECT refused FROM limit_counts WHERE name = $1 AND subject = $2 AND began_at = $3",
            [.text(name.description), .text(subject), .time(slot(at: now, of: window))]
        ) { $0.integer(0) } ?? 0
    }

    /// Takes one event back from the slot that began at `slot`.
    package static func takeBack(
        from name: StaticString, subject: String, slot: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.queue(
            """
            UPDATE limit_counts SET count = count - 1
            WHERE name = $1 AND subject = $2 AND began_at = $3 AND count > 0
            """,
            [.text(name.description), .text(subject), .time(slot)])
    }

    /// Deletes some slots that stopped counting before `moment`. Returns how many.
    package static func deleteExpired(
        before moment: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> Int {
        try database.run(
            """
            DELETE FROM limit_counts WHERE (name, subject, began_at) IN
                (SELECT name, subject, began_at FROM limit_counts
                 WHERE expires_at < $1 ORDER BY expires_at LIMIT $2) AND expires_at < $1
            """,
            [.time(moment), .integer(limit)])
    }

    /// Deletes counts: of the limit `name` and for `subject`, if given, including the shares of known networks and, for an
    /// address, the counts by site. Returns how many slots still counted at `now`.
    package static func delete(
        of name: String?, subject: String?, at now: Timestamp, in database: Database
    ) throws(AuthError) -> Int {
        try database.all(
            """
            DELETE FROM limit_counts
            WHERE (name = $1 OR $1 IS NULL)
                AND (subject = $2 OR $2 IS NULL OR subject = 'known ' || $2
                    OR (name = 'change-email' AND subject LIKE '% ' || $2))
            RETURNING expires_at > $3
            """,
            [.optional(name), .optional(subject), .time(now)]
        ) { $0.flag(0) }.filter { $0 }.count
    }
}

/// The sum of one limit's slots for one subject.
package struct LimitTotal {
    /// The name, as in a 429.
    package let name: String
    /// A network, an address or an account's id (after `known ` for the share of its known networks), a site and an
    /// address, or "" for all.
    package let subject: String
    /// Events that were allowed, in all slots together.
    package let count: Int64
    /// Refusals that were recorded, in all slots together.
    package let refused: Int64
    /// When the last slot stops counting.
    package let until: Timestamp

    /// All counts that still count at `now`, the largest first, at most `limit`.
    package static func all(
        at now: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> [LimitTotal] {
        try database.all(
            """
            SELECT name, subject, CAST(sum(count) AS BIGINT), CAST(sum(refused) AS BIGINT), max(expires_at) FROM limit_counts
            WHERE expires_at > $1 AND began_at <= $2
            GROUP BY name, subject ORDER BY sum(count) DESC, name, subject LIMIT $3
            """,
            [.time(now), .time(now + StoreBounds.clockTolerance), .integer(limit)]
        ) { row in
            LimitTotal(
                name: row.text(0), subject: row.text(1), count: row.integer(2), refused: row.integer(3),
                until: row.time(4))
        }
    }

    /// All counts for the address `email` and the account `user`, including the shares of known networks.
    package static func all(
        of email: String, and user: String, in database: Database
    ) throws(AuthError) -> [LimitTotal] {
        try database.all(
            """
            SELECT name, subject, CAST(sum(count) AS BIGINT), CAST(sum(refused) AS BIGINT), max(expires_at) FROM limit_counts
            WHERE subject IN ($1, 'known ' || $1, $2, 'known ' || $2)
                OR (name = 'change-email' AND subject LIKE '% ' || $1)
            GROUP BY name, subject ORDER BY name, subject
            """,
            [.text(email), .text(user)]
        ) { row in
            LimitTotal(
                name: row.text(0), subject: row.text(1), count: row.integer(2), refused: row.integer(3),
                until: row.time(4))
        }
    }
}
