// Ends one session of an account, or all but the current one: a lost phone, a borrowed computer.

package import Platform
import Store

/// A session that was ended.
package struct RevokedSession {
    /// The session's id, as in its access tokens' `sid`.
    package let id: UUID
    /// When this request ended it.
    package let revokedAt: Timestamp
}

extension Auth {
    /// Ends the caller's session `id`, which may be the current one. Its tokens stop working at once.
    ///
    /// Throws `sessionNotFound` for a session that has ended, or is another account's.
    package func deleteSession(
        _ id: UUID, of caller: SignedIn
    ) throws(AuthError) -> RevokedSession {
        let database = try database()
        let now = now
        // Outside the transaction, since a session that had already ended is revoked too.
        let isEnded = try write(by: caller.user, in: database) { (user) throws(AuthError) -> Bool in
            let isEnded = try Session.revoke(
                id, of: user.id, refreshedSince: now - policy.refreshLifetime, at: now, in: database)
            if isEnded { try record(AuditEvent(.revocation, user: user.id, subject: id), in: database) }
            return isEnded
        }
        guard isEnded else { throw .sessionNotFound }
        return RevokedSession(id: id, revokedAt: now)
    }

    /// Ends every session of the caller except the current one. Returns how many.
    package func revokeOtherSessions(of caller: SignedIn) throws(AuthError) -> Int64 {
        let database = try database()
        var count = 0
        while true {
            let ended = try write(by: caller.user, in: database) { (user) throws(AuthError) -> EndedSessions in
                try endSessions(of: user.id, but: caller.session, in: database)
            }
            count += ended.good
            if ended.isAll { return Int64(count) }
        }
    }
}
