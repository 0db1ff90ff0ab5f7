// The operator's actions on sessions, API keys and limits, and on audit log and outbox.

package import Auth
package import Platform
package import Store

/// A deactivated key, and its status before.
package struct KeyDeactivation {
    /// A key's previous status: active, expired, or deactivated.
    package enum Before {
        case active, expired, deactivated
    }

    /// The status before; if `deactivated`, nothing changed.
    package let before: Before
    /// Now, or when it was first deactivated.
    package let deactivatedAt: Timestamp
}

extension Operations {
    /// The sessions of `user` that can still be refreshed, the last used first, at most `limit`.
    package func sessions(of user: User, limit: Int64) throws(AuthError) -> [SessionSummary] {
        try SessionSummary.page(
            of: user.id, refreshedSince: now - policy.refreshLifetime, at: now, offset: 0, limit: limit,
            in: try database())
    }

    /// Ends the session `id` of any account; false if it does not exist or has ended.
    package func revokeSession(_ id: UUID) throws(AuthError) -> Bool {
        let database = try database()
        return try database.write(locking: [.session(id)]) { () throws(AuthError) -> Bool in
            let user = try Session.revoke(
                id, refreshedSince: now - policy.refreshLifetime, at: now, in: database)
            guard let user else { return false }
            try record(AuditEvent(.revocation, user: user, subject: id), in: database)
            return true
        }
    }

    /// Ends every session of `user`. Returns how many.
    package func revokeSessions(of user: User) throws(AuthError) -> Int {
        let database = try database()
        var count = 0
        while true {
            let ended = try database.write(locking: [.account(user.id)]) { () throws(AuthError) -> Auth.EndedSessions in
                try auth.endSessions(of: user.id, in: database)
            }
            count += ended.good
            if ended.isAll { return count }
        }
    }

    /// The keys that `user` made, newest first, at most `limit`.
    package func apiKeys(madeBy user: User, limit: Int64) throws(AuthError) -> [APIKeyInProject] {
        let now = now
        return try APIKey.all(by: user.id, limit: limit, in: try database()).map {
            APIKeyInProject(key: $0, asOf: now)
        }
    }

    /// The keys of `project`, newest first, at most `limit`; nil if there is no such project.
    package func apiKeys(of project: UUID, limit: Int64) throws(AuthError) -> [APIKeyInProject]? {
        let (now, database) = (now, try database())
        return try database.read { () throws(AuthError) -> [APIKeyInProject]? in
            guard try Project.name(of: project, in: database) != nil else { return nil }
            return try APIKey.page(of: project, offset: 0, limit: limit, in: database).map {
                APIKeyInProject(key: $0, asOf: now)
            }
        }
    }

    /// Deactivates the key `id` of any project. A key that is already deactivated keeps its time. nil if there is none.
    package func deactivateKey(_ id: UUID) throws(AuthError) -> KeyDeactivation? {
        let database = try database()
        let project = try APIKey.find(id, in: database)?.project
        return try database.write(locking: project.map { [.project($0)] } ?? []) {
            () throws(AuthError) -> KeyDeactivation? in
            guard let key = try APIKey.find(id, in: database) else { return nil }
            if let time = key.deactivatedAt { return KeyDeactivation(before: .deactivated, deactivatedAt: time) }
            let now = now
            try key.deactivate(at: now, in: database)
            try record(AuditEvent(.keyDeactivated, user: key.creator, subject: id), in: database)
            return KeyDeactivation(before: key.isActive(at: now) ? .active : .expired, deactivatedAt: now)
        }
    }

    /// The last `limit` entries of the audit log since `moment`, oldest first. Failed sign-ins also show the account whose
    /// address was used; the entries of `user` include them.
    package func audit(
        since moment: Timestamp, user: UUID?, event: String?, limit: Int64
    ) throws(AuthError) -> [AuditEntry] {
        let (database, secrets) = (try database(), try auth.secrets())
        let email = try user.flatMap { (id) throws(AuthError) in try User.find(id, in: database)?.email }
        var entries = try AuditEntry.last(
            limit, since: moment, user: user, pseudonym: email.flatMap { secrets.pseudonym(of: $0) }, event: event,
            in: database)
        func isFailure(_ entry: AuditEntry) -> Bool {
            entry.subject != nil && entry.event.isSame(as: AuditEvent.Kind.signInFailed.name.description)
        }
        guard entries.contains(where: isFailure) else { return entries }
        // A page at a time: there may be many accounts.
        let failures = entries.indices.filter { isFailure(entries[$0]) }
        var after = ""
        while true {
            let page = try User.addresses(after: after, limit: 10_000, in: database)
            guard let last = page.last else { break }
            for (id, email) in page {
                let pseudonym = secrets.pseudonym(of: email)
                for index in failures where entries[index].subject == pseudonym { entries[index].tried = id }
            }
            after = last.email
        }
        return entries
    }

    /// The current counts of limits, the largest first, at most `limit`.
    package func limitTotals(limit: Int64) throws(AuthError) -> [LimitTotal] {
        try LimitTotal.all(at: now, limit: limit, in: try database())
    }

    /// Deletes the counts of limits: of the limit `name` and for `subject`, if given. Returns how many still counted.
    package func clearLimits(named name: String?, subject: String?) throws(AuthError) -> Int {
        let database = try database()
        return try database.write(locking: [.cleanUp]) { () throws(AuthError) -> Int in
            let cleared = try LimitCount.delete(of: name, subject: subject, at: now, in: database)
            if cleared > 0 { try record(AuditEvent(.limitsCleared), in: database) }
            return cleared
        }
    }

    /// The outbox, oldest first, at most `limit`.
    package func outbox(limit: Int64) throws(AuthError) -> [MailStatus] {
        try MailStatus.all(limit: limit, in: try database())
    }

    /// Sends a test mail to `email` through `mailer`, without the outbox.
    package func sendTestMail(to email: Email, by mailer: Mailer) throws(AuthError) -> TestMailOutcome {
        try mailer.sendTest(to: email, of: auth)
    }
}
