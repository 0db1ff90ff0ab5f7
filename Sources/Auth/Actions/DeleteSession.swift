// Ends one session of an account, or all but the one that asks: a lost phone, a borrowed computer.

package import System

/// A session that was ended.
package struct RevokedSession {
    package let id: UUID
    package let revokedAt: Timestamp
}

extension Auth {
    /// Ends the session `id` of whoever asks; it may be the one that asks. Its tokens die at once.
    ///
    /// Throws `sessionNotFound` for one that has ended, or is somebody else's.
    package func deleteSession(
        _ id: UUID, of caller: SignedIn
    ) throws(AuthError) -> RevokedSession {
        let database = try database()
        return try transaction(by: caller.user, in: database) { (user) throws(AuthError) -> RevokedSession in
            let now = now
            guard try Session.revoke(id, of: user.id, at: now, in: database) else {
                throw .sessionNotFound
            }
            try record(AuditEvent(.revocation, user: user.id, subject: id), in: database)
            return RevokedSession(id: id, revokedAt: now)
        }
    }

    /// Ends every session of whoever asks but the one that asks; how many they were.
    package func revokeOtherSessions(of caller: SignedIn) throws(AuthError) -> Int64 {
        let database = try database()
        var count = 0
        while true {
            let ended = try transaction(by: caller.user, in: database) { (user) throws(AuthError) -> Int in
                try endSessions(of: user.id, but: caller.session, in: database)
            }
            count += ended
            if ended < Policy.rowsPerCleanUp { return Int64(count) }
        }
    }
}
