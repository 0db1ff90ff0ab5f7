// Exchanges a code for a session. The first success makes the account.
//
// 1. Limits are judged first, then a place and memory to hash are taken; only then is anything counted.
//    So whoever is told to come back has lost nothing.
// 2. A guess is counted and committed before it is compared, so that no failure gives it back.
// 3. Without a live challenge the same work is done on a hash that nothing matches.
// 4. No account is looked at before the code has matched.

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
    /// a deactivated account, `limited` after too many guesses from one network or for one address.
    package func verifyCode(_ code: String, for email: Email) throws(AuthError) -> Grant {
        let identity = testIdentity(of: email)
        guard let digits = digits(of: code) else {
            event = AuditEvent(.signInFailed, detail: "form")
            throw .invalidCode
        }
        let secrets = try secrets()
        let signingKey = try state.signingKey()
        let database = try database()

        let isKnown = try isKnownNetwork(of: email, in: database)
        let failures = failureLimit(for: email, isKnown: isKnown)
        let limits = guessLimits + [failures]
        try refuse(over: limits, in: database)
        let guess = try withHashing { (memory) throws(AuthError) -> Guess? in
            try refuse(over: limits, in: database)
            let guess = try transaction(within: limits, in: database) {
                () throws(AuthError) in
                try count(for: email, as: failures, in: database)
            }
            let matches: Bool
            do throws(Argon2Error) {
                matches = try Argon2.verify(
                    digits,
                    against: identity?.codeHash(for: digits) ?? guess?.challenge.codeHash ?? unmatchable,
                    pepper: identity == nil ? secrets.pepper : [], in: memory)
            } catch {
                throw AuthError(error)
            }
            return matches ? guess : nil
        }
        guard let guess else {
            noteWrongCode(in: database)
            throw .invalidCode
        }
        do throws(AuthError) {
            return try signIn(email, by: guess, as: identity, signingKey: signingKey, in: database)
        } catch {
            if case .unavailable = error { giveBack(guess, of: email, in: database) }
            throw error
        }
    }

    /// The code was right, and there was no room to say so: whoever is told to come back loses no attempt. If
    /// there is no room for this either, it is lost.
    private func giveBack(_ guess: Guess, of email: Email, in database: Database) {
        try? database.transaction { () throws(AuthError) in
            try Challenge.takeBackAttempt(email: email.text, id: guess.challenge.id, in: database)
            try guess.failure.takeBack(in: database)
            for charge in guess.guesses { try charge.takeBack(in: database) }
        }
    }

    /// The digits of `code`; nil if it has not the form of one. Where there are test identities, their form is
    /// everyone's: nobody is to learn by it, or by the time it takes, which addresses they are.
    private func digits(of code: String) -> [UInt8]? {
        let digits = code.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "-") }
        guard digits.count == policy.codeLength
            || (!testIdentities.isEmpty && TestIdentity.codeLength.contains(digits.count)),
            digits.allSatisfy({ $0 &- 0x30 < 10 })
        else { return nil }
        return digits
    }

    /// A guess that was counted.
    private struct Guess {
        let challenge: Challenge.Counted
        /// How it was counted: as a guess of its network, and as a failure of its address.
        let guesses: [Limit.Charge]
        let failure: Limit.Charge
    }

    /// Counts a guess: for the network always, for the address and its challenge if there is a live one. nil
    /// if there is none to compare with. The guess counts as a failure until it has matched.
    private func count(
        for email: Email, as failures: Limit, in database: Database
    ) throws(AuthError) -> Guess? {
        let now = now
        var guesses: [Limit.Charge] = []
        for limit in guessLimits { guesses.append(try limit.charge(at: now, in: database)) }
        let challenge = try Challenge.countAttempt(
            email: email.text, limit: policy.codeAttempts, at: now, in: database)
        guard let challenge else { return nil }
        return Guess(
            challenge: challenge, guesses: guesses, failure: try failures.charge(at: now, in: database))
    }

    /// The guess has been counted and judged: that its row in the audit cannot be written changes nothing in
    /// the answer, and the log has its line.
    private func noteWrongCode(in database: Database) {
        let failure = AuditEvent(.signInFailed, detail: "code")
        event = failure
        try? database.transaction { () throws(AuthError) in try record(failure, in: database) }
    }

    private func signIn(
        _ email: Email, by guess: Guess, as identity: TestIdentity?, signingKey: ES256PrivateKey,
        in database: Database
    ) throws(AuthError) -> Grant {
        let session = UUID.random()
        let now = now
        let end = now + policy.sessionLifetime
        let outcome = try database.transaction { () throws(AuthError) -> Outcome in
            try guess.failure.takeBack(in: database)
            let isFirst = try Challenge.consume(
                email: email.text, id: guess.challenge.id, at: now, in: database)
            guard isFirst else { return try refuse("spent", in: database) }
            guard let user = try account(of: email, isInvited: identity != nil, in: database) else {
                return try refuse("sign-up is closed", in: database)
            }
            guard identity == nil || !user.isSuperuser else {
                return try refuse("a superuser", in: database)
            }
            guard user.isActive else {
                try record(AuditEvent(.signInRefused, user: user.id), in: database)
                return .inactive
            }
            try Session.create(
                session, of: user.id, from: client, at: now, until: end, in: database)
            if client.hasAddress {
                try KnownNetwork.note(client.network, for: email.text, at: now, in: database)
            }
            try record(
                AuditEvent(
                    .signIn, user: user.id, subject: session,
                    detail: identity != nil ? "test identity" : user.isNew ? "first" : nil),
                in: database)
            return .signedIn(user.id)
        }
        // Outside of the transaction, since what was refused, and why, must be kept.
        switch outcome {
        case .refused: throw .invalidCode
        case .inactive: throw .accountInactive
        case .signedIn(let user):
            return try grant(
                session: session, generation: 1, until: end, user: user, email: email.text,
                signingKey: signingKey)
        }
    }

    private enum Outcome {
        case refused, inactive
        case signedIn(UUID)
    }

    private func refuse(_ detail: StaticString, in database: Database) throws(AuthError) -> Outcome {
        try record(AuditEvent(.signInFailed, detail: detail), in: database)
        return .refused
    }

    /// What a sign-in asks of an account.
    private struct Standing {
        let id: UUID
        let isActive: Bool
        let isSuperuser: Bool
        let isNew: Bool
    }

    /// The account of `email`, made if need be; nil if it may not sign up.
    private func account(
        of email: Email, isInvited: Bool, in database: Database
    ) throws(AuthError) -> Standing? {
        let now = now
        if let user = try User.find(email: email.text, in: database) {
            try User.markVerified(user.id, at: now, in: database)
            return Standing(
                id: user.id, isActive: user.isActive, isSuperuser: user.isSuperuser, isNew: false)
        }
        // Sign-up may have been closed since the code was mailed.
        guard isInvited || policy.signUp.welcomes(email) else { return nil }
        let id = try User.create(email: email.text, at: now, in: database)
        try Project.create(named: "Default", ownedBy: id, at: now, in: database)
        return Standing(id: id, isActive: true, isSuperuser: false, isNew: true)
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

extension TestIdentity {
    /// What `digits` are compared with. A short code is none, even if somebody hashed one.
    fileprivate func codeHash(for digits: [UInt8]) -> String {
        TestIdentity.codeLength.contains(digits.count) ? codeHash : unmatchable
    }
}

/// A hash of the codes' cost whose salt and tag no code was ever hashed to.
private let unmatchable =
    "$argon2id$v=19$m=\(Policy.codeCost.memory),t=\(Policy.codeCost.passes),p=1"
    + "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
