// The codes that are mailed to an address. Each has one purpose, and works for nothing else.

import Cryptography
package import Platform
import SQLite

/// What a code lets whoever reads it do.
package enum CodePurpose: CaseIterable, Sendable {
    case signIn
    /// Shows that the owner of an account reads mail at the address that it is to get.
    case newAddress
    /// Shows that the owner of an account agrees to another address; it is mailed to the one that the account has.
    case currentAddress
    /// Shows that the owner of an account wants it deleted.
    case deletion

    /// The purpose in the database.
    package var name: StaticString {
        switch self {
        case .signIn: "sign-in"
        case .newAddress: "new-address"
        case .currentAddress: "current-address"
        case .deletion: "deletion"
        }
    }

    /// The mail that carries the code.
    package var mail: MailKind {
        switch self {
        case .signIn: .code
        case .newAddress: .emailCode
        case .currentAddress: .currentEmailCode
        case .deletion: .deletionCode
        }
    }
}

/// What a code is asked for: the address that it is mailed to, and what it lets its reader do.
package struct ChallengeTarget {
    /// Where the code is mailed to.
    package let email: Email
    /// What the code lets its reader do, and nothing else.
    package let purpose: CodePurpose
    /// The account that it changes; nil: to sign in.
    package let user: UUID?
    /// The new address, of a code for the current one.
    package let about: Email?

    /// A code that signs in with `email`, whether that has an account or not.
    package static func signIn(_ email: Email) -> ChallengeTarget {
        ChallengeTarget(email: email, purpose: .signIn, user: nil, about: nil)
    }

    /// A code that shows that the owner of the account `user` reads mail at `email`, which it is to get.
    package static func newAddress(_ email: Email, of user: UUID) -> ChallengeTarget {
        ChallengeTarget(email: email, purpose: .newAddress, user: user, about: nil)
    }

    /// A code by which the owner of the account `user`, whose address is `email`, agrees to the address `new`.
    package static func currentAddress(_ email: Email, of user: UUID, to new: Email) -> ChallengeTarget {
        ChallengeTarget(email: email, purpose: .currentAddress, user: user, about: new)
    }

    /// A code that deletes the account `user`, whose address is `email`.
    package static func deletion(of user: UUID, at email: Email) -> ChallengeTarget {
        ChallengeTarget(email: email, purpose: .deletion, user: user, about: nil)
    }

    fileprivate var keys: [Value] {
        [
            .text(email.text), .text(purpose.name.description), .blob(user?.bytes ?? []),
            .text(about?.text ?? ""),
        ]
    }
}

/// What the settings promise of a code when it is made. Kept with it: later settings are for later codes.
package struct CodeTerms {
    /// Digits of the code: 6 to 8.
    package let digits: Int
    /// Guesses that are compared before the code is spent: 1 to 100.
    package let attempts: Int64
    /// How long the code works after it was made, up to a day.
    package let lifetime: Duration
    /// The least time between two mails with the code, up to a day; 0: none.
    package let resendAfter: Duration

    /// The terms of a new code: `attempts` guesses within `lifetime`, and mails at least `resendAfter` apart.
    package init(digits: Int, attempts: Int64, lifetime: Duration, resendAfter: Duration) {
        self.digits = digits
        self.attempts = attempts
        self.lifetime = lifetime
        self.resendAfter = resendAfter
    }

    /// Those of a row; of one from before they were kept, `terms`.
    fileprivate init(_ row: Row, from column: Int32, else terms: CodeTerms) {
        digits = row.optionalInteger(column).map { Int($0) } ?? terms.digits
        attempts = row.optionalInteger(column + 1) ?? terms.attempts
        lifetime = row.optionalInteger(column + 2).map { Duration(milliseconds: $0) } ?? terms.lifetime
        resendAfter = row.optionalInteger(column + 3).map { Duration(milliseconds: $0) } ?? terms.resendAfter
    }

    fileprivate var values: [Value] {
        [
            .integer(Int64(digits)), .integer(attempts), .integer(lifetime.milliseconds),
            .integer(resendAfter.milliseconds),
        ]
    }
}

/// One code's life, from the first mail to its use. A target has one at a time.
package struct Challenge {
    /// The address that the code is mailed to, in lower case.
    package let email: String
    /// The code's id, a new one with every new code.
    package let id: UUID
    /// Argon2id, with pepper.
    package let codeHash: String
    /// Guesses that were counted.
    package let attempts: Int64
    /// When the code was made; another mail with it changes nothing.
    package let createdAt: Timestamp
    /// From when on the code does not work any more.
    package let expiresAt: Timestamp
    /// When a mail was last asked for.
    package let mailedAt: Timestamp
    /// Whether the code has done what it is for.
    package let isUsed: Bool
    /// What the settings promised when the code was made.
    package let terms: CodeTerms

    /// Columns as every query here lists them.
    private init(_ row: Row, else terms: CodeTerms) {
        self.init(
            email: row.text(0), id: row.id(1), codeHash: row.text(2), attempts: row.integer(3),
            createdAt: row.time(4), expiresAt: row.time(5), mailedAt: row.time(6), isUsed: !row.isNull(7),
            terms: CodeTerms(row, from: 8, else: terms))
    }

    /// A challenge with these values. `replaceLast` stores it unused and without attempts, whatever these say.
    package init(
        email: String, id: UUID, codeHash: String, attempts: Int64, createdAt: Timestamp,
        expiresAt: Timestamp, mailedAt: Timestamp, isUsed: Bool, terms: CodeTerms
    ) {
        self.email = email
        self.id = id
        self.codeHash = codeHash
        self.attempts = attempts
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.mailedAt = mailedAt
        self.isUsed = isUsed
        self.terms = terms
    }

    /// Whether it can still do what it is for, unless its attempts are used up.
    package func isLive(at now: Timestamp) -> Bool {
        !isUsed && expiresAt > now && !createdAt.isFuture(at: now)
    }

    /// Whether all guesses that its terms allow were counted. Not even the right code works then.
    package var isExhausted: Bool { attempts >= terms.attempts }

    /// The challenge of `target`, live or not; nil: it has no challenge. `terms` are for a row from before terms were kept.
    package static func find(
        _ target: ChallengeTarget, else terms: CodeTerms, in database: Database
    ) throws(AuthError) -> Challenge? {
        try database.first(
            """
            SELECT email, id, code_hash, attempts, created_at, expires_at, mailed_at, used_at,
                   digits, attempts_allowed, lifetime, resend_after
            FROM challenges WHERE email = $1 AND purpose = $2 AND user_id = $3 AND about = $4
            """,
            target.keys
        ) { Challenge($0, else: terms) }
    }

    /// The challenge `id` of `email`, whatever it is for.
    package static func find(
        _ id: UUID, of email: String, else terms: CodeTerms, in database: Database
    ) throws(AuthError) -> Challenge? {
        try database.first(
            """
            SELECT email, id, code_hash, attempts, created_at, expires_at, mailed_at, used_at,
                   digits, attempts_allowed, lifetime, resend_after
            FROM challenges WHERE email = $1 AND id = $2
            """,
            [.text(email), .id(id)]
        ) { Challenge($0, else: terms) }
    }

    /// Puts this challenge in the place of the target's last one.
    package func replaceLast(of target: ChallengeTarget, in database: Database) throws(AuthError) {
        try database.run(
            """
            INSERT INTO challenges (email, purpose, user_id, about, id, code_hash, attempts, created_at, expires_at,
                                    mailed_at, digits, attempts_allowed, lifetime, resend_after)
            VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11, $12, $13)
            ON CONFLICT (email, purpose, user_id, about) DO UPDATE SET
                id = excluded.id, code_hash = excluded.code_hash, attempts = 0,
                created_at = excluded.created_at, expires_at = excluded.expires_at,
                mailed_at = excluded.mailed_at, used_at = NULL, digits = excluded.digits,
                attempts_allowed = excluded.attempts_allowed, lifetime = excluded.lifetime,
                resend_after = excluded.resend_after
            """,
            target.keys + [
                .id(id), .text(codeHash), .time(createdAt), .time(expiresAt), .time(mailedAt),
            ] + terms.values)
    }

    /// Another mail with the same code was asked for: neither expiry nor attempts change.
    package func noteMail(at now: Timestamp, in database: Database) throws(AuthError) {
        try database.run(
            "UPDATE challenges SET mailed_at = $1 WHERE email = $2 AND id = $3",
            [.time(now), .text(email), .id(id)])
    }

    /// Counts one guess against the challenge, by one statement; false if it has been replaced, or its attempts are used
    /// up.
    package func countAttempt(in database: Database) throws(AuthError) -> Bool {
        try database.run(
            "UPDATE challenges SET attempts = attempts + 1 WHERE email = $1 AND id = $2 AND attempts < $3",
            [.text(email), .id(id), .integer(terms.attempts)]) == 1
    }

    /// Takes back a guess that was counted.
    package static func takeBackAttempt(email: String, id: UUID, in database: Database) throws(AuthError) {
        try database.run(
            "UPDATE challenges SET attempts = attempts - 1 WHERE email = $1 AND id = $2 AND attempts > 0",
            [.text(email), .id(id)])
    }

    /// Uses the challenge up; false if another did so first, or it expired or was replaced.
    package static func consume(
        email: String, id: UUID, at now: Timestamp, in database: Database
    ) throws(AuthError) -> Bool {
        try database.run(
            """
            UPDATE challenges SET used_at = $1
            WHERE email = $2 AND id = $3 AND used_at IS NULL AND expires_at > $4
            """,
            [.time(now), .text(email), .id(id), .time(now)]) == 1
    }

    /// Deletes some that expired before `moment`; how many. One that still keeps another mail from being sent stays until
    /// that is over.
    package static func deleteExpired(
        before moment: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> Int {
        try database.run(
            """
            DELETE FROM challenges WHERE (email, purpose, user_id, about) IN
                (SELECT email, purpose, user_id, about FROM challenges
                 WHERE expires_at < $1 AND mailed_at + coalesce(resend_after, 0) < $1 ORDER BY expires_at LIMIT $2)
            """,
            [.time(moment), .integer(limit)])
    }

    /// Deletes all there are; how many.
    package static func deleteAll(in database: Database) throws(AuthError) -> Int {
        try database.run("DELETE FROM challenges")
    }

    /// Deletes those of `email` and of the account `user`.
    package static func deleteAll(of email: String, and user: UUID, in database: Database) throws(AuthError) {
        try database.run("DELETE FROM challenges WHERE email = $1", [.text(email)])
        try database.run(
            "DELETE FROM challenges WHERE user_id = $1 AND purpose <> 'sign-in'", [.id(user)])
    }
}

/// That a code was asked for; never the code.
package struct CodeExport {
    /// Where it was mailed to.
    package let email: String
    /// A `CodePurpose`'s name.
    package let purpose: String
    /// Guesses that were counted.
    package let attempts: Int64
    /// When the code was made.
    package let createdAt: Timestamp
    /// From when on the code does not work any more.
    package let expiresAt: Timestamp
    /// When the code did what it is for; nil: it did not.
    package let usedAt: Timestamp?

    /// Those of `email`, and those for the account `user`.
    package static func all(of email: String, and user: UUID, in database: Database) throws(AuthError) -> [CodeExport] {
        try database.all(
            """
            SELECT email, purpose, attempts, created_at, expires_at, used_at FROM challenges
            WHERE email = $1 OR user_id = $2 ORDER BY created_at, email, purpose
            """,
            [.text(email), .id(user)]
        ) { row in
            CodeExport(
                email: row.text(0), purpose: row.text(1), attempts: row.integer(2), createdAt: row.time(3),
                expiresAt: row.time(4), usedAt: row.optionalTime(5))
        }
    }
}
