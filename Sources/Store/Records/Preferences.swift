// Which mail an account wants, and in which language.

import Cryptography
package import Platform
import SQL

/// An account's language, and which notices it gets.
package struct Preferences: Equatable {
    /// nil: as the browser says.
    package var language: Language?
    /// Sign-ins from networks that are new for the account.
    package var tellsSignIns: Bool
    /// Keys that are about to expire.
    package var tellsKeyExpiry: Bool

    /// The preferences of the account `user`. Throws `failure` if there is no such account.
    package static func find(_ user: UUID, in database: Database) throws(AuthError) -> Preferences {
        let found = try database.first(
            "SELECT locale, tells_sign_ins, tells_key_expiry FROM users WHERE id = $1", [.id(user)]
        ) { row in
            Preferences(
                language: row.optionalText(0).flatMap { Language(tag: $0) }, tellsSignIns: row.flag(1),
                tellsKeyExpiry: row.flag(2))
        }
        guard let found else { throw .failure(reason: "the account does not exist") }
        return found
    }

    /// Stores these preferences for the account `user`, if it exists.
    package func save(for user: UUID, at now: Timestamp, in database: Database) throws(AuthError) {
        try database.run(
            """
            UPDATE users SET locale = $1, tells_sign_ins = $2, tells_key_expiry = $3, updated_at = $4
            WHERE id = $5
            """,
            [
                .optional(language?.tag), .integer(tellsSignIns ? 1 : 0),
                .integer(tellsKeyExpiry ? 1 : 0), .time(now), .id(user),
            ])
    }
}
