// Exchanges a code for a session. The first success makes the account. No account is looked at before the
// code has matched.

import Cryptography
package import Platform

/// What a client gets to act for its user.
package struct TokenPair {
    /// A signed access token.
    package let accessToken: String
    package let refreshToken: String
    /// How long the access token is good.
    package let expiresIn: Duration
    package let user: UUID
    /// By which the access token is known again.
    let accessTokenTag: [UInt8]
}

extension Auth {
    /// A session for whoever typed `code`, which was mailed to `email`.
    ///
    /// Throws `invalidCode` for a wrong, spent or expired code, `codeExhausted` for one that has no attempts left,
    /// `accountInactive` for a right one of
    /// a deactivated account, `limited` after too many guesses from one network or for one address.
    package func verifyCode(_ code: String, for email: Email) throws(AuthError) -> TokenPair {
        // Whatever could fail does so before a guess is counted.
        let signingKey = try state.signingKey()
        _ = try secrets()
        let guess = try verify(TypedCode(code, for: .signIn(email)))
        return try signIn(email, by: guess, signingKey: signingKey, in: try database())
    }

    private func signIn(
        _ email: Email, by guess: VerifiedCode, signingKey: ES256PrivateKey, in database: Database
    ) throws(AuthError) -> TokenPair {
        let session = UUID.random()
        let now = now
        let end = now + policy.sessionLifetime
        let outcome = try transaction(using: guess, in: database) {
            (isFirst) throws(AuthError) -> Outcome in
            guard isFirst else { return try refuse(email, "spent", in: database) }
            guard let user = try account(of: email, isInvited: guess.isFixed, in: database) else {
                return try refuse(email, "sign-up is closed", in: database)
            }
            guard !guess.isFixed || !user.isSuperuser else {
                return try refuse(email, "a superuser", in: database)
            }
            guard user.isActive else {
                try record(AuditEvent(.signInRefused, user: user.id), in: database)
                return .inactive
            }
            let grant = try grant(
                session: session, generation: 1, until: end, user: user.id, email: email.text,
                signingKey: signingKey)
            try Session.create(
                session, of: user.id, from: client, given: grant.accessTokenTag, at: now, until: end, in: database)
            try makeRoomForSession(session, of: user.id, in: database)
            try noteNetwork(of: user, email, session, in: database)
            try record(
                AuditEvent(
                    .signIn, user: user.id, subject: session,
                    detail: guess.isFixed ? "test identity" : user.isNew ? "first" : nil),
                in: database)
            return .signedIn(grant)
        }
        // Outside of the transaction, since what was refused, and why, must be kept.
        switch outcome {
        case .refused: throw .invalidCode
        case .inactive: throw .accountInactive
        case .signedIn(let grant): return grant
        }
    }

    private enum Outcome {
        case refused, inactive
        case signedIn(TokenPair)
    }

    private func refuse(
        _ email: Email, _ detail: StaticString, in database: Database
    ) throws(AuthError) -> Outcome {
        let pseudonym = try secrets().pseudonym(of: email.text)
        try record(AuditEvent(.signInFailed, subject: pseudonym, detail: detail), in: database)
        return .refused
    }

    /// The client's network is one of the address's from now on; if it is new, the owner is told, who may not
    /// have been the one that signed in. Not of the first sign-in, nor to a test identity, which has no mail.
    private func noteNetwork(
        of user: Standing, _ email: Email, _ session: UUID, in database: Database
    ) throws(AuthError) {
        let isKnown = try isKnownNetwork(of: email, in: database)
        guard client.hasAddress else { return }
        try KnownNetwork.note(client.network, for: email.text, at: now, in: database)
        guard !isKnown, !user.isNew, testIdentity(of: email) == nil,
            try Preferences.find(user.id, in: database).tellsSignIns
        else { return }
        try MailItem.enqueue(
            .newNetwork, about: session, to: email.text, in: try User.noticeLanguage(of: user.id, in: database),
            details: "\(client.address)\n\(client.userAgent ?? "")", until: now + Policy.noticeLifetime,
            at: now, database: database)
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
            try User.noteSignIn(user.id, in: client.language, at: now, database: database)
            return Standing(
                id: user.id, isActive: user.isActive, isSuperuser: user.isSuperuser, isNew: false)
        }
        // Sign-up may have been closed since the code was mailed.
        if !isInvited, try !maySignUp(email, in: database) { return nil }
        let id = try User.create(email: email.text, language: client.language, at: now, in: database)
        try Project.create(named: "Default", ownedBy: id, at: now, in: database)
        return Standing(id: id, isActive: true, isSuperuser: false, isNew: true)
    }

    /// The tokens of a session's `generation`; the access token never outlives the session.
    func grant(
        session: UUID, generation: UInt32, until sessionEnd: Timestamp, user: UUID, email: String,
        signingKey: ES256PrivateKey
    ) throws(AuthError) -> TokenPair {
        let now = now
        // Nor does it outlive a session that is not refreshed.
        let expiry = min(now + min(policy.accessLifetime, policy.refreshLifetime), sessionEnd)
        let token = AccessToken(
            issuer: policy.baseURL, user: user, issuedAt: now, expiresAt: expiry, id: UUID.random(),
            session: session, email: email)
        guard let signed = token.signed(by: signingKey) else {
            throw .failure(reason: "the signing key cannot sign")
        }
        let refreshToken = RefreshToken(session: session, generation: generation)
        return TokenPair(
            accessToken: signed,
            refreshToken: refreshToken.text(key: try secrets().refreshTokenKey),
            expiresIn: .seconds(expiry.seconds - now.seconds), user: user,
            accessTokenTag: signingKey.tag(of: signed))
    }
}
