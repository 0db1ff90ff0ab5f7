// Begins sessions and issues their tokens. Every proof of identity, such as a code, ends here.
//
// The first sign-in creates the account. No account is read before the proof is verified.

import Cryptography
package import Platform
import Store

/// What a client needs to act for its user.
package struct TokenPair {
    /// A signed access token.
    package let accessToken: String
    /// Renews the session once: 86 characters of base64url.
    package let refreshToken: String
    /// How long the access token is valid.
    package let expiresIn: Duration
    /// The account that the session belongs to.
    package let user: UUID
    /// Recognizes the access token later.
    let accessTokenTag: [UInt8]
}

/// Issues the sessions and tokens of one service.
struct SessionIssuer {
    private let auth: Auth
    private let ring: TokenKeyRing
    private let signingKey: ES256PrivateKey
    /// The number of the token keys when `signingKey` was read.
    private let keyNumber: Int64
    private let refreshTokenKey: [UInt8]

    /// Reads the keys, unless the caller has `refreshTokenKey`. Whatever can fail throws here, before a guess is counted or
    /// anything else changes.
    init(_ auth: Auth, refreshTokenKey: [UInt8]? = nil) throws(AuthError) {
        self.auth = auth
        ring = try auth.tokenKeyRing()
        signingKey = try ring.signingKey()
        keyNumber = ring.number
        self.refreshTokenKey = if let refreshTokenKey { refreshTokenKey } else { try auth.secrets().refreshTokenKey }
    }

    /// The result of a sign-in. The transaction that finds it must commit, so it is not an error there.
    enum Outcome {
        case refused, inactive
        case signedIn(TokenPair)

        /// The tokens. Throws `invalidCode`, or `accountInactive` for a deactivated account.
        func tokens() throws(AuthError) -> TokenPair {
            switch self {
            case .refused: throw .invalidCode
            case .inactive: throw .accountInactive
            case .signedIn(let tokens): return tokens
            }
        }
    }

    /// In the current transaction: a new session for `email`, whose owner has entered a code. `isTestIdentity`: a fixed one.
    func signIn(_ email: Email, isTestIdentity: Bool, in database: Database) throws(AuthError) -> Outcome {
        let now = auth.now
        guard let user = try account(of: email, isInvited: isTestIdentity, in: database) else {
            return try refuse(email, "sign-up is closed", in: database)
        }
        guard !isTestIdentity || !user.isSuperuser else { return try refuse(email, "a superuser", in: database) }
        guard user.isActive else {
            try auth.record(AuditEvent(.signInRefused, user: user.id), in: database)
            return .inactive
        }
        let (session, end) = (UUID.random(), now + auth.policy.sessionLifetime)
        let tokens = try tokens(of: session, generation: 1, until: end, user: user.id, email: email.text)
        try Session.create(
            session, of: user.id, from: auth.client, given: tokens.accessTokenTag, at: now, until: end, in: database)
        try auth.makeRoomForSession(session, of: user.id, in: database)
        try noteNetwork(of: user, email, session, in: database)
        try auth.record(
            AuditEvent(
                .signIn, user: user.id, subject: session,
                detail: isTestIdentity ? "test identity" : user.isNew ? "first" : nil),
            in: database)
        return .signedIn(tokens)
    }

    /// In the current transaction: records that a sign-in with `email` was refused, and why.
    func refuse(_ email: Email, _ detail: StaticString, in database: Database) throws(AuthError) -> Outcome {
        let pseudonym = try auth.secrets().pseudonym(of: email.text)
        try auth.record(AuditEvent(.signInFailed, subject: pseudonym, detail: detail), in: database)
        return .refused
    }

    /// The tokens of a session's `generation`. The access token expires no later than the refresh token and the session.
    func tokens(
        of session: UUID, generation: UInt32, until sessionEnd: Timestamp, user: UUID, email: String
    ) throws(AuthError) -> TokenPair {
        let (now, policy) = (auth.now, auth.policy)
        let expiry = min(now + min(policy.accessLifetime, policy.refreshLifetime), sessionEnd)
        let token = AccessToken(
            issuer: policy.baseURL, user: user, issuedAt: now, expiresAt: expiry, id: UUID.random(),
            session: session, email: email)
        // The transaction may have seen that another key signs by now.
        let signingKey = ring.number == keyNumber ? signingKey : try ring.signingKey()
        guard let signed = token.signed(by: signingKey) else {
            throw .failure(reason: "the signing key cannot sign")
        }
        return TokenPair(
            accessToken: signed,
            refreshToken: RefreshToken(session: session, generation: generation).text(key: refreshTokenKey),
            expiresIn: .seconds(expiry.seconds - now.seconds), user: user,
            accessTokenTag: signingKey.tag(of: signed))
    }

    /// Adds the client's network to the address's known networks. If it is new, the owner gets a mail, in case someone else
    /// signed in. No mail for the first sign-in, or for a test identity, which has no mailbox.
    private func noteNetwork(
        of user: SigningIn, _ email: Email, _ session: UUID, in database: Database
    ) throws(AuthError) {
        let isKnown = try auth.isKnownNetwork(of: email, in: database)
        guard auth.client.hasAddress else { return }
        try KnownNetwork.note(auth.client.network, for: email.text, at: auth.now, in: database)
        guard !isKnown, !user.isNew, auth.testIdentity(of: email) == nil,
            try Preferences.find(user.id, in: database).tellsSignIns
        else { return }
        try MailItem.enqueue(
            .newNetwork, about: session, to: email.text, in: try User.noticeLanguage(of: user.id, in: database),
            details: "\(auth.client.address)\n\(auth.client.userAgent ?? "")", until: auth.now + Policy.noticeLifetime,
            at: auth.now, database: database)
    }

    /// What a sign-in needs from an account.
    private struct SigningIn {
        let id: UUID
        let isActive: Bool
        let isSuperuser: Bool
        let isNew: Bool
    }

    /// The account of `email`, created if needed; nil if it may not sign up.
    private func account(
        of email: Email, isInvited: Bool, in database: Database
    ) throws(AuthError) -> SigningIn? {
        let now = auth.now
        if let user = try User.find(email: email.text, in: database) {
            try User.noteSignIn(user.id, in: auth.client.language, at: now, database: database)
            return SigningIn(
                id: user.id, isActive: user.isActive, isSuperuser: user.isSuperuser, isNew: false)
        }
        // Sign-up may have closed since the code was mailed.
        if !isInvited, try !auth.maySignUp(email, in: database) { return nil }
        let id = try User.create(email: email.text, language: auth.client.language, at: now, in: database)
        try Project.create(named: "Default", ownedBy: id, at: now, in: database)
        return SigningIn(id: id, isActive: true, isSuperuser: false, isNew: true)
    }
}
