// Which API keys are about to expire, and who gets a notice.

import Cryptography
package import Platform
import SQL

extension APIKey {
    /// A key whose maker gets a notice that it expires.
    package struct ExpiryNotice {
        /// The id of the key that expires.
        package let key: UUID
        /// The maker's name for the key.
        package let name: String
        /// The first 11 characters of the key's secret.
        package let prefix: String
        /// The name of the key's project.
        package let projectName: String
        /// When the key expires; nil: never, which only `find` returns.
        package let expiresAt: Timestamp?
        /// The maker's address, which the notice goes to.
        package let email: String
        /// The account that made the key.
        package let maker: UUID
        /// How many days before expiry this notice is for.
        package let days: Int64

        /// Columns as the queries here list them.
        private init(_ row: Row, days: Int64) {
            key = row.id(0)
            name = row.text(1)
            prefix = row.text(2)
            projectName = row.text(3)
            expiresAt = row.optionalTime(4)
            email = row.text(5)
            maker = row.id(6)
            self.days = days
        }

        /// The key `id`, if it is active and its maker wants notices.
        package static func find(_ id: UUID, in database: Database) throws(AuthError) -> ExpiryNotice? {
            try database.first(
                """
                SELECT k.id, k.name, k.prefix, p.name, k.expires_at, u.email, u.id
                FROM api_keys AS k JOIN projects AS p ON p.id = k.project_id
                JOIN users AS u ON u.id = k.created_by
                JOIN members AS m ON m.user_id = k.created_by AND m.project_id = k.project_id
                WHERE k.id = $1 AND k.deactivated_at IS NULL AND u.is_active = 1 AND u.tells_key_expiry = 1
                """,
                [.id(id)]
            ) { ExpiryNotice($0, days: 0) }
        }

        /// Some keys that expire within one of `days`, fewest first, whose makers have had no notice for that many
        /// days or fewer. A key made with a shorter life than that needs no notice.
        package static func due(
            at now: Timestamp, days: [Int64], limit: Int64, in database: Database
        ) throws(AuthError) -> [ExpiryNotice] {
            var found: [ExpiryNotice] = []
            var after = now
            for count in days {
                let end = now + .days(count)
                found += try database.all(
                    """
                    SELECT k.id, k.name, k.prefix, p.name, k.expires_at, u.email, u.id
                    FROM api_keys AS k JOIN projects AS p ON p.id = k.project_id
                    JOIN users AS u ON u.id = k.created_by
                    JOIN members AS m ON m.user_id = k.created_by AND m.project_id = k.project_id
                    WHERE coalesce(k.deactivated_at, k.expires_at) > $1 AND coalesce(k.deactivated_at, k.expires_at) <= $2
                        AND k.deactivated_at IS NULL
                        AND (k.told_days IS NULL OR k.told_days > $3) AND k.expires_at - k.created_at > $4
                        AND u.is_active = 1 AND u.tells_key_expiry = 1
                    ORDER BY coalesce(k.deactivated_at, k.expires_at) LIMIT $5
                    """,
                    [
                        .time(after), .time(end), .integer(count),
                        .integer(Duration.days(count).milliseconds), .integer(limit),
                    ]
                ) { ExpiryNotice($0, days: count) }
                after = end
            }
            return found
        }

        /// Records that the maker of `key` got the notice for `days`.
        package static func noteTold(_ key: UUID, days: Int64, in database: Database) throws(AuthError) {
            try database.run(
                "UPDATE api_keys SET told_days = $1 WHERE id = $2", [.integer(days), .id(key)])
        }
    }
}
