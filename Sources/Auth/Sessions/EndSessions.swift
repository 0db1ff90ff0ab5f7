// Ends the sessions of an account in steps: a deactivation, a new address.

package import Platform
package import Store

extension Auth {
    /// How many sessions ended, and whether any are left.
    package struct EndedSessions {
        /// None ended.
        package init(good: Int = 0, isAll: Bool = true) {
            self.good = good
            self.isAll = isAll
        }

        /// How many of the ended sessions were valid.
        package var good = 0
        /// Whether no other session is left to end.
        package var isAll = true
    }

    /// Ends sessions of `user` except `keep`, in the current transaction: at most `Policy.rowsPerCleanUp`.
    package func endSessions(of user: UUID, but keep: UUID? = nil, in database: Database) throws(AuthError) -> EndedSessions {
        let ended = try Session.revokeAll(
            of: user, but: keep, refreshedSince: now - policy.refreshLifetime, limit: Policy.rowsPerCleanUp, at: now,
            in: database)
        let good = ended.filter { $0.wasGood }.map { $0.id }
        for session in good {
            try record(AuditEvent(.revocation, user: user, subject: session), in: database)
        }
        return EndedSessions(good: good.count, isAll: ended.count < Policy.rowsPerCleanUp)
    }
}
