// Exchanges a refresh token for the next one.
//
// A token that was used a moment ago gets the same successor again: two tabs, or a lost answer, sign nobody out. Any
// other used token means that two parties hold the session's tokens, and nobody can say which is the thief: the
// session ends (RFC 9700 §4.14.2).
//
// A forged token is refused before the database is opened, so it is neither counted nor in the audit log: it has 352 bits
// to guess, and refusing it costs less than a query.

import Cryptography
import Platform
import Store

extension Auth {
    /// New tokens for the session of the refresh token `text`, if it belongs to `userID`.
    ///
    /// Throws `invalidRefreshToken` for a token that is unknown, used or expired, or another user's, which changes
    /// nothing; `accountInactive` for a genuine one of a deactivated account; `limited` after too many from one
    /// network.
    package func refreshToken(_ text: String, of userID: String) throws(AuthError) -> TokenPair {
        guard let user = UUID(text: userID.utf8) else { try refuseForgery() }
        let refreshTokenKey = try secrets().refreshTokenKey
        guard let token = Cryptography.RefreshToken(text, key: refreshTokenKey) else { try refuseForgery() }
        let issuer = try SessionIssuer(self, refreshTokenKey: refreshTokenKey)
        let database = try database()

        let (networks, account) = (refreshLimits, refreshLimit(of: user))
        let limits = networks + [account]
        try refuse(over: limits, in: database)
        let outcome = try write(within: limits, locking: [.session(token.session)], in: database) {
            () throws(AuthError) -> Outcome in
            let outcome = try exchange(token, of: user, by: issuer, in: database)
            if case .good = outcome {
                try networks[0].charge(at: now, in: database)
                try account.charge(at: now, in: database)
            } else {
                try networks[networks.count - 1].charge(at: now, in: database)
            }
            return outcome
        }
        // Outside the transaction, since it must commit the end of a session on replay.
        switch outcome {
        case .refused: throw .invalidRefreshToken
        case .inactive: throw .accountInactive
        case .good(let tokens): return tokens
        }
    }

    private func refuseForgery() throws(AuthError) -> Never {
        event = AuditEvent(.refreshFailed, detail: "forged")
        throw .invalidRefreshToken
    }

    private func exchange(
        _ token: Cryptography.RefreshToken, of user: UUID, by issuer: SessionIssuer, in database: Database
    ) throws(AuthError) -> Outcome {
        guard let session = try Session.find(token.session, in: database), session.user.id == user else {
            return try refuse(nil, "unknown", in: database)
        }
        guard session.user.isActive else {
            try note(
                AuditEvent(.refreshFailed, user: user, subject: session.id, detail: "deactivated"), in: database)
            return .inactive
        }
        return try spend(token, of: session, by: issuer, in: database)
    }

    private enum Outcome {
        case refused, inactive
        case good(TokenPair)
    }

    private func refuse(
        _ session: Session?, _ detail: StaticString, in database: Database
    ) throws(AuthError) -> Outcome {
        try note(
            AuditEvent(
                .refreshFailed, user: session?.user.id, subject: session?.id, detail: detail),
            in: database)
        return .refused
    }

    private func spend(
        _ token: Cryptography.RefreshToken, of session: Session, by issuer: SessionIssuer, in database: Database
    ) throws(AuthError) -> Outcome {
        let now = now
        func granted(_ generation: UInt32) throws(AuthError) -> TokenPair {
            try issuer.tokens(
                of: session.id, generation: generation, until: session.expiresAt, user: session.user.id,
                email: session.user.email)
        }
        guard !session.isRevoked, session.expiresAt > now,
            session.rotatedAt + policy.refreshLifetime > now, !session.rotatedAt.isFuture(at: now)
        else { return try refuse(session, "ended", in: database) }

        guard !isTestSuperuser(session.user) else { return try refuse(session, "a superuser", in: database) }

        if token.generation == session.generation {
            let tokens = try granted(session.generation &+ 1)
            guard try session.rotate(by: client, given: tokens.accessTokenTag, at: now, in: database) else {
                return try refuse(session, "spent", in: database)
            }
            try record(AuditEvent(.refresh, user: session.user.id, subject: session.id), in: database)
            return .good(tokens)
        }
        let isLast = UInt64(token.generation) + 1 == UInt64(session.generation)
        if isLast, now < session.rotatedAt + policy.refreshGrace {
            try record(
                AuditEvent(.refresh, user: session.user.id, subject: session.id, detail: "again"),
                in: database)
            return .good(try granted(session.generation))
        }
        try Session.revoke(session.id, refreshedSince: now - policy.refreshLifetime, at: now, in: database)
        try record(AuditEvent(.replay, user: session.user.id, subject: session.id), in: database)
        return .refused
    }
}
