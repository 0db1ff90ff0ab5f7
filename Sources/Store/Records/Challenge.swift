// The codes that are mailed to an address. Each works for one purpose only.

import Cryptography
package import Platform
import SQL

/// What a code allows.
package enum CodePurpose: CaseIterable, Sendable {
    case signIn
    /// Proves that the owner of an account reads mail at its new address.
    case newAddress
    /// Proves that the owner of an account agrees to another address; mailed to the current one.
    case currentAddress
    /// Proves that the owner of an account wants it deleted.
    case deletion

    /// The purpose's name in the database.
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

/// What a code is for: the address that gets it, and what it allows.
package struct ChallengeTarget {
    /// Where the code is mailed to.
    package let email: Email
    /// The only thing that the code allows.
    package let purpose: CodePurpose
    /// The account that it changes; nil: for signing in.
    package let user: UUID?
    /// The new address, if the code goes to the current one.
    package let about: Email?

    /// A code that signs in with `email`, with or without an account.
    package static func signIn(_ email: Email) -> ChallengeTarget {
        ChallengeTarget(email: email, purpose: .signIn, user: nil, about: nil)
    }

    /// A code that proves that the owner of the account `user` reads mail at its new address `email`.
    package static func newAddress(_ email: Email, of user: UUID) -> ChallengeTarget {
        ChallengeTarget(email: email, purpose: .newAddress, user: user, about: nil)
    }

    /// A code with which the owner of the account `user` at `email` agrees to the address `new`.
    package static func currentAddress(_ email: Email, of user: UUID, to new: Email) -> ChallengeTarget {
        ChallengeTarget(email: email, purpose: .currentAddress, user: user, about: new)
    }

    /// A code that deletes the account `user` at `email`.
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

/// The settings that apply to a code when it is made. They are stored with it: a later change applies to later codes.
package struct CodeTerms {
    /// Digits of the code: 6 to 8.
    package let digits: Int
    /// Guesses that are compared before the code stops working: 1 to 100.
    package let attempts: Int64
    /// How long the code works, up to a day.
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

    /// The terms in a row; `terms` for a row from before they were stored.
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

/// One code, from the first mail to its use. A target has one at a time.
package struct Challenge {
    /// The address that the code is mailed to, in lower case.
    package let email: String
    /// The code's id, a new one with every new code.
    package let id: UUID
    /// Argon2id hash, with pepper.
    package let codeHash: String
    /// Guesses counted so far.
    package let attempts: Int64
    /// When the code was made; another mail with it does not change this.
    package let createdAt: Timestamp
    /// When the code expires.
    package let expiresAt: Timestamp
    /// When a mail was last requested.
    package let mailedAt: Timestamp
    /// Whether the code was used successfully.
    package let isUsed: Bool
    /// The settings when the code was made.
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

    /// Whether it still works, attempts aside.
    package func isLive(at now: Timestamp) -> Bool {
        !isUsed && expiresAt > now && !createdAt.isFuture(at: now)
    }

    /// Whether all allowed guesses were counted. Then not even the right code works.
    package var isExhausted: Bool { attempts >= terms.attempts }

    /// The challenge of `target`, live or not; nil if there is none. `terms` are for a row from before terms were stored.
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

    /// The challenge `id` of `email`, for any purpose.
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

    /// Replaces the target's last challenge by this one.
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

    /// Records that another mail with the same code was requested: expiry and attempts stay the same.
    package func noteMail(at now: Timestamp, in database: Database) throws(AuthError) {
        try database.run(
            "UPDATE challenges SET mailed_at = $1 WHERE email = $2 AND id = $3",
            [.time(now), .text(email), .id(id)])
    }

    /// Counts one guess against the challenge, in one statement; false if it has been replaced, or has no attempts left.
    package func countAttempt(in database: Database) throws(AuthError) -> Bool {
        try database.run(
            "UPDATE challenges SET attempts = attempts + 1 WHERE email = $1 AND id = $2 AND attempts < $3",
            [.text(email), .id(id), .integer(terms.attempts)]) == 1
    }

    /// Takes back a counted guess.
    package static func takeBackAttempt(email: String, id: UUID, in database: Database) throws(AuthError) {
        try database.run(
            "UPDATE challenges SET attempts = attempts - 1 WHERE email = $1 AND id = $2 AND attempts > 0",
            [.text(email), .id(id)])
    }

    /// Uses the challenge up; false if another request did so first, or it expired or was replaced.
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

    /// Deletes some that expired before `moment`. Returns how many. One that still delays another mail stays until that is
    /// over.
    package static func deleteExpired(
        before moment: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> Int {
        try database.run(
            """
            DELETE FROM challenges WHERE (email, purpose, user_id, about) IN
                (SELECT email, purpose, user_id, about FROM challenges
                 WHERE expires_at < $1 AND mailed_at + coalesce(resend_after, 0) < $1 ORDER BY expires_at LIMIT $2)
                AND expires_at < $1 AND mailed_at + coalesce(resend_after, 0) < $1
            """,
            [.time(moment), .integer(limit)])
    }

    /// Deletes all challenges. Returns how many.
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

/// A request for a code, without the code.
package struct CodeExport {
    /// Where it was mailed to.
    package let email: String
    /// The name of a `CodePurpose`.
    package let purpose: String
    /// Guesses counted so far.
    package let attempts: Int64
    /// When the code was made.
    package let createdAt: Timestamp
    /// When the code expires.
    package let expiresAt: Timestamp
    /// When the code was used successfully; nil: never.
    package let usedAt: Timestamp?

    /// The codes of `email` and of the account `user`.
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
