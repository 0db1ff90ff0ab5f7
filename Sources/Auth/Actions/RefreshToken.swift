// Exchanges a refresh token for the next one.
//
// A token that was spent a moment ago gets the same successor again: two tabs, or an answer that
// was lost, log nobody out. Any other spent token means that two parties hold the session's
// tokens, and nobody can tell which is the thief: the session ends (RFC 9700 §4.14.2).

import Crypto
import System

extension Auth {
    /// New tokens for the session of refresh token `text`, if it is `userID`'s.
    ///
    /// Throws `invalidRefreshToken` for a token that is unknown, spent or expired, or another
    /// user's, which changes nothing; `accountInactive` for a genuine one of a deactivated account.
    package func refreshToken(_ text: String, of userID: String) throws(AuthError) -> Grant {
        guard let user = UUID(text: userID.utf8),
            let token = Crypto.RefreshToken(text, key: try secrets().refreshTokenKey)
        else { throw .invalidRefreshToken }
        let signingKey = try state.signingKey()
        let database = try database()

        let outcome = try database.transaction { () throws(AuthError) -> Outcome in
            guard let session = try Session.find(token.session, in: database), session.user.id == user
            else { return .refused }
            guard session.user.isActive else { return .inactive }
            return try spend(token, of: session, in: database)
        }
        // Outside of the transaction, since ending a session on replay must be kept.
        switch outcome {
        case .refused: throw .invalidRefreshToken
        case .inactive: throw .accountInactive
        case .good(let session, let generation):
            return try grant(
                session: session.id, generation: generation, until: session.expiresAt,
                user: session.user.id, email: session.user.email, signingKey: signingKey)
        }
    }

    private enum Outcome {
        case refused, inactive
        case good(Session, generation: UInt32)
    }

    private func spend(
        _ token: Crypto.RefreshToken, of session: Session, in database: Database
    ) throws(AuthError) -> Outcome {
        let now = now
        guard !session.isRevoked, session.expiresAt > now,
            session.rotatedAt + policy.refreshLifetime > now
        else { return .refused }

        if token.generation == session.generation {
            guard try session.rotate(at: now, in: database) else { return .refused }
            return .good(session, generation: session.generation + 1)
        }
        let isLast = UInt64(token.generation) + 1 == UInt64(session.generation)
        if isLast, now < session.rotatedAt + policy.refreshGrace {
            return .good(session, generation: session.generation)
        }
        try Session.revoke(session.id, at: now, in: database)
        return .refused
    }
}
