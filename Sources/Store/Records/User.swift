// Accounts and their billing.

import Cryptography
package import Platform
import SQL

/// An account.
package struct User {
    /// The account's id: `sub` of access tokens, and its name in log and audit.
    package let id: UUID
    /// The account's address, in lower case; an erased account has a text that is not an address.
    package let email: String
    /// The account's name, for people; nil: it has none.
    package let fullName: String?
    /// Whether the account can be used. An operator deactivates and activates it; an erased one is never active.
    package let isActive: Bool
    /// Whether an operator made the account a superuser. The services that read it decide what that allows.
    package let isSuperuser: Bool
    /// Whether someone has proved that they read mail at its address.
    package let isVerified: Bool
    /// When the account was made.
    package let createdAt: Timestamp
    /// When its row last changed.
    package let updatedAt: Timestamp
    /// What the account may use and has used.
    package let billing: Billing

    /// What an account may use and has used.
    package struct Billing {
        /// Tokens that it may still use. Latchkey only adds what an operator credits.
        package let tokenBalance: Int64
        /// Tokens that it has used. Latchkey sets 0 and never counts.
        package let tokensUsed: Int64
        /// The name of its tier; `free` unless an operator chose another.
        package let subscriptionTier: String
    }

    /// Reads the eleven columns that every query here lists, from `column` on.
    init(_ row: Row, from column: Int32 = 0) {
        id = row.id(column)
        email = row.text(column + 1)
        fullName = row.optionalText(column + 2)
        isActive = row.flag(column + 3)
        isSuperuser = row.flag(column + 4)
        isVerified = row.flag(column + 5)
        billing = Billing(
            tokenBalance: row.integer(column + 6), tokensUsed: row.integer(column + 7),
            subscriptionTier: row.text(column + 8))
        createdAt = row.time(column + 9)
        updatedAt = row.time(column + 10)
    }

    /// Whether the account was deleted and its rows are being deleted: it has no address and can do nothing.
    package var isErased: Bool { email.utf8.starts(with: User.erasedMark.utf8) }

    /// No address begins with this.
    private static let erasedMark = "deleted "

    /// The account with the address `email`, active or not; nil if there is none.
    package static func find(email: String, in database: Database) throws(AuthError) -> User? {
        try database.first(
            """
            SELECT id, email, full_name, is_active, is_superuser, is_verified,
                   token_balance, tokens_used, subscription_tier, created_at, updated_at
            FROM users WHERE email = $1
            """,
            [.text(email)]
        ) { User($0) }
    }

    /// The mail language of the account at `email`; nil if it has chosen none, or there is no account.
    package static func language(ofEmail email: String, in database: Database) throws(AuthError) -> Language? {
        let tag = try database.first("SELECT locale FROM users WHERE email = $1", [.text(email)]) {
            $0.optionalText(0)
        }
        return tag.flatMap { $0 }.flatMap { Language(tag: $0) }
    }

    /// The language of notices to the account `id`: the one that it chose, or else that of its first sign-in; nil if
    /// neither is known. Never that of the current request, which may be a thief's.
    package static func noticeLanguage(of id: UUID, in database: Database) throws(AuthError) -> Language? {
        let tag = try database.first("SELECT coalesce(locale, first_locale) FROM users WHERE id = $1", [.id(id)]) {
            $0.optionalText(0)
        }
        return tag.flatMap { $0 }.flatMap { Language(tag: $0) }
    }

    /// The account `id`, active or not; nil if there is none, or it is erased.
    package static func find(_ id: UUID, in database: Database) throws(AuthError) -> User? {
        let found = try database.first(
            """
            SELECT id, email, full_name, is_active, is_superuser, is_verified,
                   token_balance, tokens_used, subscription_tier, created_at, updated_at
            FROM users WHERE id = $1
            """,
            [.id(id)]
        ) { User($0) }
        guard let found, !found.isErased else { return nil }
        return found
    }

    /// Accounts with addresses after `email`, by address, at most `limit`.
    package static func addresses(
        after email: String, limit: Int64, in database: Database
    ) throws(AuthError) -> [(id: UUID, email: String)] {
        try database.all(
            "SELECT id, email FROM users WHERE email > $1 ORDER BY email LIMIT $2", [.text(email), .integer(limit)]
        ) { (id: $0.id(0), email: $0.text(1)) }
    }

    /// Accounts whose address contains `text`, by address, at most `limit`.
    package static func all(
        containing text: String, limit: Int64, in database: Database
    ) throws(AuthError) -> [User] {
        // No address is that long (RFC 5321 §4.5.3.1), and SQLite limits the length of a pattern.
        guard text.utf8.count <= 320 else { return [] }
        return try database.all(
            """
            SELECT id, email, full_name, is_active, is_superuser, is_verified,
                   token_balance, tokens_used, subscription_tier, created_at, updated_at
            FROM users WHERE email LIKE $1 ESCAPE '!' AND substr(email, 1, 8) <> $2 ORDER BY email LIMIT $3
            """,
            [.text(pattern(containing: text)), .text(erasedMark), .integer(limit)]
        ) { User($0) }
    }

    /// A LIKE pattern, with `!` as escape, for addresses that contain `text`, in lower case.
    private static func pattern(containing text: String) -> String {
        var bytes = [UInt8(ascii: "%")]
        for byte in text.utf8.lazy.map({ $0.asciiLowercased }) {
            if [UInt8(ascii: "!"), UInt8(ascii: "%"), UInt8(ascii: "_")].contains(byte) { bytes.append(UInt8(ascii: "!")) }
            bytes.append(byte)
        }
        return String(decoding: bytes + [UInt8(ascii: "%")], as: UTF8.self)
    }

    /// Activates or deactivates the account.
    package static func setActive(
        _ id: UUID, _ isActive: Bool, at now: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.run(
            "UPDATE users SET is_active = $1, updated_at = $2 WHERE id = $3",
            [.integer(isActive ? 1 : 0), .time(now), .id(id)])
    }

    /// Makes the account `id`, if it exists, a superuser or an ordinary account.
    package static func setSuperuser(
        _ id: UUID, _ isSuperuser: Bool, at now: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.run(
            "UPDATE users SET is_superuser = $1, updated_at = $2 WHERE id = $3",
            [.integer(isSuperuser ? 1 : 0), .time(now), .id(id)])
    }

    /// Puts the account `id`, if it exists, on the tier called `tier`.
    package static func setTier(
        _ id: UUID, _ tier: String, at now: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.run(
            "UPDATE users SET subscription_tier = $1, updated_at = $2 WHERE id = $3",
            [.text(tier), .time(now), .id(id)])
    }

    /// Sets the balance of the account `id`, if it exists, to `balance` tokens.
    package static func setBalance(
        _ id: UUID, _ balance: Int64, at now: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.run(
            "UPDATE users SET token_balance = $1, updated_at = $2 WHERE id = $3",
            [.integer(balance), .time(now), .id(id)])
    }

    /// Gives the account another name.
    package static func rename(
        _ id: UUID, to fullName: String?, at now: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.run(
            "UPDATE users SET full_name = $1, updated_at = $2 WHERE id = $3",
            [.optional(fullName), .time(now), .id(id)])
    }

    /// Gives the account another address.
    package static func move(
        _ id: UUID, to email: String, isVerified: Bool, at now: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.run(
            "UPDATE users SET email = $1, is_verified = $2, updated_at = $3 WHERE id = $4",
            [.text(email), .integer(isVerified ? 1 : 0), .time(now), .id(id)])
    }

    /// Removes the account's address and name, and locks it. Its rows can then be deleted in steps.
    package static func erase(_ id: UUID, at now: Timestamp, in database: Database) throws(AuthError) {
        try database.run(
            "UPDATE users SET email = $1, full_name = NULL, is_active = 0, is_superuser = 0, updated_at = $2 WHERE id = $3",
            [.text(erasedMark + id.text), .time(now), .id(id)])
    }

    /// An erased account that still exists; nil if there is none.
    package static func findErased(in database: Database) throws(AuthError) -> UUID? {
        try database.first(
            "SELECT id FROM users WHERE email >= 'deleted ' AND email < 'deleted!' ORDER BY email LIMIT 1"
        ) { $0.id(0) }
    }

    /// Deletes the account, which must have no other rows left.
    package static func delete(_ id: UUID, in database: Database) throws(AuthError) {
        try database.run("DELETE FROM users WHERE id = $1", [.id(id)])
    }

    /// A new account: active, on the free tier, and verified if someone has proved that they read mail at the address.
    /// `language` is that of the first sign-in.
    package static func create(
        email: String, isVerified: Bool = true, language: Language? = nil, at now: Timestamp, in database: Database
    ) throws(AuthError) -> UUID {
        let id = UUID.random()
        try database.run(
            """
            INSERT INTO users (id, email, is_active, is_superuser, is_verified,
                               token_balance, tokens_used, subscription_tier, created_at, updated_at, first_locale)
            VALUES ($1, $2, 1, 0, $3, 0, 0, 'free', $4, $5, $6)
            """,
            [
                .id(id), .text(email), .integer(isVerified ? 1 : 0), .time(now), .time(now), .optional(language?.tag),
            ])
        return id
    }

    /// Notes a sign-in, which proves that the owner reads mail there. Stores the first language they sign in with.
    package static func noteSignIn(
        _ id: UUID, in language: Language?, at now: Timestamp, database: Database
    ) throws(AuthError) {
        try database.run(
            "UPDATE users SET is_verified = 1, updated_at = $1 WHERE id = $2 AND is_verified = 0",
            [.time(now), .id(id)])
        guard let language else { return }
        try database.run(
            "UPDATE users SET first_locale = $1 WHERE id = $2 AND first_locale IS NULL", [.text(language.tag), .id(id)])
    }
}
