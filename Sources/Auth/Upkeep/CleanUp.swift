// Deletes what has expired, and what an interrupted deletion has left.

import Platform
package import Store

/// Deleted rows, by kind.
package struct CleanedUp {
    /// Nothing was deleted yet.
    package init() {}

    /// Codes that had expired.
    package internal(set) var codes = 0
    /// Mails that had expired `Policy.failedMailKept` before, given up or still waiting.
    package internal(set) var mails = 0
    /// Sessions past their `expiresAt`.
    package internal(set) var sessions = 0
    /// Slots of limits that no longer counted.
    package internal(set) var limitCounts = 0
    /// Networks that an address had not signed in from for `Policy.knownNetworkLifetime`.
    package internal(set) var knownNetworks = 0
    /// Events older than `Policy.auditLifetime`.
    package internal(set) var auditEvents = 0
    /// Invitations that had expired.
    package internal(set) var invitations = 0
    /// API keys that had ended `Policy.endedKeyKept` before.
    package internal(set) var apiKeys = 0
    /// Accounts whose deletion had been interrupted.
    package internal(set) var accounts = 0

    /// The sum of all the counts.
    package var total: Int {
        codes + mails + sessions + limitCounts + knownNetworks + auditEvents + invitations + apiKeys + accounts
    }

    /// Adds each count of `more` to its own.
    package mutating func add(_ more: CleanedUp) {
        codes += more.codes
        mails += more.mails
        sessions += more.sessions
        limitCounts += more.limitCounts
        knownNetworks += more.knownNetworks
        auditEvents += more.auditEvents
        invitations += more.invitations
        apiKeys += more.apiKeys
        accounts += more.accounts
    }
}

extension Auth {
    /// Deletes some of what has expired, as one change.
    package func cleanUp(_ database: Database) throws(AuthError) -> CleanedUp {
        let now = now
        let limit = Policy.rowsPerCleanUp * Int64(Database.cleanUpFactor)
        var done = try database.write(locking: [.cleanUp]) { () throws(AuthError) in
            var done = CleanedUp()
            done.codes = try Challenge.deleteExpired(before: now, limit: limit, in: database)
            done.mails = try MailItem.deleteExpired(
                before: now - Policy.failedMailKept, at: now, limit: limit, in: database)
            done.sessions = try Session.deleteExpired(before: now, limit: limit, in: database)
            done.limitCounts = try LimitCount.deleteExpired(before: now, limit: limit, in: database)
            done.knownNetworks = try KnownNetwork.deleteUnused(
                since: now - Policy.knownNetworkLifetime, limit: limit, in: database)
            done.auditEvents = try AuditEvent.deleteOld(before: now - policy.auditLifetime, limit: limit, in: database)
            done.invitations = try Invitation.deleteExpired(before: now, limit: limit, in: database)
            done.apiKeys = try APIKey.deleteEnded(before: now - Policy.endedKeyKept, limit: limit, in: database)
            return done
        }
        // Accounts whose deletion was interrupted.
        while let account = try User.findErased(in: database) {
            try eraseRest(of: account, in: database)
            done.accounts += 1
        }
        // If a file cannot be removed, the next clean-up tries again, and doctor reports it.
        try? tokenKeyRing().removeEndedKeys(at: now)
        state.removeLeftovers(at: now)
        if database.changeCount > 0 { database.checkpoint() }
        return done
    }
}
