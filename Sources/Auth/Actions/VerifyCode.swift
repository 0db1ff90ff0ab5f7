// Exchanges a code for a session. The first success makes the account.
//
// 1. A guess is counted and committed before it is compared, so that no failure gives it back.
// 2. Without a live challenge the same work is done on a hash that nothing matches.
// 3. No account is looked at before the code has matched.

import Crypto
package import System

/// What a client gets to act for its user.
package struct Grant {
    /// A signed access token.
    package let accessToken: String
    package let refreshToken: String
    /// How long the access token is good.
    package let expiresIn: Duration
    package let user: UUID
}

extension Auth {
    /// A session for whoever typed `code`, which was mailed to `email`.
    ///
    /// Spaces and hyphens that people type are dropped. A code of the wrong form costs no attempt.
    /// Throws `invalidCode` for a wrong, spent or expired code, `accountInactive` for a right one of
    /// a deactivated account.
    package func verifyCode(_ code: String, for email: Email) throws(AuthError) -> Grant {
        guard let digits = digits(of: code) else { throw .invalidCode }
        let secrets = try secrets()
        let signingKey = try state.signingKey()
        let database = try database()

        let counted = try Challenge.countAttempt(
            email: email.text, limit: policy.codeAttempts, at: now, in: database)
        let matches: Bool
        do throws(Argon2Error) {
            matches = try Argon2.verify(
                digits, against: counted?.codeHash ?? unmatchable, pepper: secrets.pepper)
        } catch {
            throw AuthError(error)
        }
        guard let counted, matches else { throw .invalidCode }

        let session = UUID.random()
        let user = try database.transaction { () throws(AuthError) -> (id: UUID, isActive: Bool) in
            let now = now
            guard try Challenge.consume(email: email.text, id: counted.id, at: now, in: database) else {
                throw .invalidCode
            }
            let user = try account(of: email, in: database)
            if user.isActive {
                try Session.create(
                    session, of: user.id, at: now, until: now + policy.sessionLifetime, in: database)
            }
            return user
        }
        guard user.isActive else { throw .accountInactive }
        return try grant(
            session: session, generation: 1, until: now + policy.sessionLifetime, user: user.id,
            email: email.text, signingKey: signingKey)
    }

    private func digits(of code: String) -> [UInt8]? {
        let digits = code.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "-") }
        guard digits.count == policy.codeLength, digits.allSatisfy({ $0 &- 0x30 < 10 }) else {
            return nil
        }
        return digits
    }

    private func account(
        of email: Email, in database: Database
    ) throws(AuthError) -> (id: UUID, isActive: Bool) {
        let now = now
        if let user = try User.find(email: email.text, in: database) {
            try User.markVerified(user.id, at: now, in: database)
            return (user.id, user.isActive)
        }
        // Sign-up may have been closed since the code was mailed.
        guard try maySignIn(email, in: database) else { throw .invalidCode }
        let id = try User.create(email: email.text, at: now, in: database)
        try Project.create(named: "Default", ownedBy: id, at: now, in: database)
        return (id, true)
    }

    /// The tokens of a session's `generation`; the access token never outlives the session.
    func grant(
        session: UUID, generation: UInt32, until sessionEnd: Timestamp, user: UUID, email: String,
        signingKey: ES256PrivateKey
    ) throws(AuthError) -> Grant {
        let now = now
        let expiry = min(now + policy.accessLifetime, sessionEnd)
        let token = AccessToken(
            issuer: policy.baseURL, user: user, issuedAt: now, expiresAt: expiry, id: UUID.random(),
            session: session, email: email)
        guard let signed = token.signed(by: signingKey) else {
            throw .failure(reason: "the signing key cannot sign")
        }
        let refreshToken = RefreshToken(session: session, generation: generation)
        return Grant(
            accessToken: signed,
            refreshToken: refreshToken.text(key: try secrets().refreshTokenKey),
            expiresIn: .seconds(expiry.seconds - now.seconds), user: user)
    }
}

/// A hash of the codes' cost whose salt and tag no code was ever hashed to.
private let unmatchable =
    "$argon2id$v=19$m=\(Policy.codeCost.memory),t=\(Policy.codeCost.passes),p=1"
    + "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
