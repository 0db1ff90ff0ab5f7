// The operator's actions on accounts. They need no credentials: anyone who can read the state folder can do all of them.
// Each change is in the audit log.

package import Auth
package import Platform
package import Store

/// How an operator names an account.
package enum AccountName {
    case id(UUID)
    case email(Email)
}

/// An account, with what an operator wants to see about it.
package struct AccountOverview {
    /// The account and the projects that it belongs to.
    package let account: Account
    /// Sessions that have not ended and can still be refreshed.
    package let sessions: Int64
}

/// An operator's change to an account.
package enum AccountChange {
    /// Allow it to sign in again.
    case activate
    /// Forbid it to sign in, and end its sessions.
    case deactivate
    case superuser(Bool)
    /// Another subscription tier.
    case tier(String)
    /// Add this to the balance; may be negative.
    case credit(Int64)
    /// Another full name; nil: none.
    case rename(String?)

    fileprivate var word: StaticString {
        switch self {
        case .activate: "activated"
        case .deactivate: "deactivated"
        case .superuser(true): "superuser"
        case .superuser(false): "no superuser"
        case .tier: "tier"
        case .credit: "credit"
        case .rename: "name"
        }
    }
}

/// An account after a change, and the consequences.
package struct ChangedAccount {
    /// The account after the change.
    package let user: User
    /// How many sessions the change ended that could still be refreshed.
    package let endedSessions: Int
    /// Projects with other active members that no longer have an owner with an active account.
    package let ownerless: [Project]
    /// How many of the account's projects are checked: as many as it may have.
    static let examinedProjects: Int64 = 100
    /// Whether nothing changed: then the audit log has no entry.
    package let wasSo: Bool
}

/// The result of giving an account another address.
package enum Move {
    case moved(from: String, endedSessions: Int)
    /// It already has that address.
    case wasSo
    /// Another account has it.
    case taken
    case noAccount
}

extension Operations {
    /// The accounts whose address contains `text`, by address, at most `limit`.
    package func users(containing text: String, limit: Int64) throws(AuthError) -> [User] {
        try User.all(containing: text, limit: limit, in: try database())
    }

    /// The account called `name`; nil if there is none.
    package func user(named name: AccountName) throws(AuthError) -> User? {
        switch name {
        case .id(let id): try User.find(id, in: try database())
        case .email(let email): try User.find(email: email.text, in: try database())
        }
    }

    /// `user` as an operator sees it.
    package func overview(of user: User) throws(AuthError) -> AccountOverview {
        let database = try database()
        return try database.read { () throws(AuthError) in
            AccountOverview(
                account: try auth.account(of: user),
                sessions: try SessionSummary.count(
                    of: user.id, refreshedSince: now - policy.refreshLifetime, at: now, in: database))
        }
    }

    /// Creates an account for `email` with its own project, like a first sign-in, whatever `sign_up` says; nil if there is
    /// one already.
    package func createUser(_ email: Email, fullName: String?) throws(AuthError) -> User? {
        let database = try database()
        return try database.write(locking: [.address(email.text)]) { () throws(AuthError) -> User? in
            guard try User.find(email: email.text, in: database) == nil else { return nil }
            let now = now
            let id = try User.create(email: email.text, isVerified: false, at: now, in: database)
            if let fullName { try User.rename(id, to: fullName, at: now, in: database) }
            try Project.create(named: "Default", ownedBy: id, at: now, in: database)
            try record(AuditEvent(.accountCreated, user: id), in: database)
            return try User.find(id, in: database)
        }
    }

    /// Makes `email` the address of the account called `name`, for a user who can no longer read mail at the current one.
    /// Ends all its sessions, and tells both addresses.
    package func moveUser(named name: AccountName, to email: Email) throws(AuthError) -> Move {
        guard auth.testIdentity(of: email) == nil else {
            throw .failure(reason: "\(email.text) is a test identity: anyone who knows its code could sign in")
        }
        let database = try database()
        return try change(name, locking: [.address(email.text)], in: database) { (user) throws(AuthError) -> Move in
            guard let user else { return .noAccount }
            guard !user.email.isSame(as: email.text) else { return .wasSo }
            guard try User.find(email: email.text, in: database) == nil else { return .taken }
            let language = try User.noticeLanguage(of: user.id, in: database)
            let ended = try auth.move(user, to: email, isVerified: false, keeping: nil, in: database)
            try MailItem.enqueue(
                .emailGiven, about: user.id, to: email.text, in: language, details: auth.masked(user.email),
                until: now + Policy.noticeLifetime, at: now, database: database)
            return .moved(from: user.email, endedSessions: ended)
        }
    }

    /// Makes `change` to the account called `name`; nil if there is none. An account is deactivated even if its projects
    /// then have no owner: locking a user out must not wait for a new owner. The outcome names those projects.
    ///
    /// Throws `failure` for a balance that would fall below 0 or overflow, and for a test identity that would become a
    /// superuser; then nothing changes.
    package func administer(
        _ name: AccountName, _ change: AccountChange
    ) throws(AuthError) -> ChangedAccount? {
        let database = try database()
        var isAll = true
        let changed = try self.change(name, in: database) { (user) throws(AuthError) -> ChangedAccount? in
            guard let user else { return nil }
            if case .superuser(true) = change, auth.isTestIdentity(user.email) {
                throw .failure(reason: "\(user.email) is a test identity, which cannot be a superuser")
            }
            let now = now
            var ended = Auth.EndedSessions()
            var ownerless: [Project] = []
            let wasSo =
                switch change {
                case .activate: user.isActive
                case .deactivate: !user.isActive
                case .superuser(let isOne): user.isSuperuser == isOne
                case .tier(let tier): user.billing.subscriptionTier.isSame(as: tier)
                case .rename(let fullName):
                    fullName.map { name in user.fullName?.isSame(as: name) ?? false } ?? (user.fullName == nil)
                case .credit: false
                }
            if wasSo {
                // An interrupted deactivation may have left sessions.
                if case .deactivate = change { ended = try auth.endSessions(of: user.id, in: database) }
                isAll = ended.isAll
                return ChangedAccount(user: user, endedSessions: ended.good, ownerless: [], wasSo: true)
            }
            switch change {
            case .activate: try User.setActive(user.id, true, at: now, in: database)
            case .deactivate:
                // Nobody leaves one of these projects meanwhile, because they see this owner still active.
                let owned = try Project.owned(by: user.id, limit: ChangedAccount.examinedProjects, in: database)
                for project in owned.sorted(by: { $0.id.text.utf8.lexicographicallyPrecedes($1.id.text.utf8) }) {
                    try database.lock(.project(project.id))
                }
                try User.setActive(user.id, false, at: now, in: database)
                ended = try auth.endSessions(of: user.id, in: database)
                ownerless = try projectsWithoutOwner(but: user.id, in: database)
            case .superuser(let isOne): try User.setSuperuser(user.id, isOne, at: now, in: database)
            case .tier(let tier): try User.setTier(user.id, tier, at: now, in: database)
            case .credit(let amount):
                let (balance, overflow) = user.billing.tokenBalance.addingReportingOverflow(amount)
                guard !overflow, balance >= 0 else {
                    throw .failure(
                        reason: "the balance is \(user.billing.tokenBalance): it cannot change by \(amount)")
                }
                try User.setBalance(user.id, balance, at: now, in: database)
            case .rename(let fullName): try User.rename(user.id, to: fullName, at: now, in: database)
            }
            try record(AuditEvent(.accountChanged, user: user.id, detail: change.word), in: database)
            guard let changed = try User.find(user.id, in: database) else {
                throw .failure(reason: "the changed account was not found")
            }
            isAll = ended.isAll
            return ChangedAccount(user: changed, endedSessions: ended.good, ownerless: ownerless, wasSo: false)
        }
        guard let changed, !isAll else { return changed }
        let others = try revokeSessions(of: changed.user)
        return ChangedAccount(
            user: changed.user, endedSessions: changed.endedSessions + others, ownerless: changed.ownerless,
            wasSo: changed.wasSo)
    }

    /// Runs `body` in one transaction with the account called `name`, or nil, and everything that goes by its address.
    private func change<T>(
        _ name: AccountName, locking locks: [Lock] = [], in database: Database, _ body: (User?) throws(AuthError) -> T
    ) throws(AuthError) -> T {
        for _ in 0..<3 {
            let found = try user(named: name)
            let own = found.map { [Lock.address($0.email), .account($0.id)] } ?? []
            let done = try database.write(locking: locks + own) { () throws(AuthError) -> T? in
                let user = try user(named: name)
                guard user?.id == found?.id, (user?.email ?? "").isSame(as: found?.email ?? "") else { return nil }
                return try body(user)
            }
            if let done { return done }
        }
        throw .unavailable(reason: "the account changed its address meanwhile: run it again")
    }

    /// The projects of `user` that have other active members, and no other active owner.
    private func projectsWithoutOwner(but user: UUID, in database: Database) throws(AuthError) -> [Project] {
        var found: [Project] = []
        for project in try Project.owned(by: user, limit: ChangedAccount.examinedProjects, in: database) {
            if try Member.hasOwner(besides: user, project.id, in: database) { continue }
            if try project.hasActiveMember(besides: user, in: database) { found.append(project) }
        }
        return found
    }

    /// Deletes the account called `name` with everything that depends on it, as its owner could. Returns the deleted
    /// account; nil if there is none.
    package func deleteUser(named name: AccountName) throws(AuthError) -> User? {
        let database = try database()
        var isDone = true
        let deleted = try change(name, in: database) { (user) throws(AuthError) -> User? in
            guard let user else { return nil }
            isDone = try auth.erase(user, in: database)
            return user
        }
        guard let deleted else { return nil }
        try auth.finishErasing(deleted, isDone: isDone, in: database)
        return deleted
    }
}
