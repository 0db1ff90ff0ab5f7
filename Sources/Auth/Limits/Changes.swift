// Who makes a change, and how often one account may make one.
//
// 1. A request waits for its turn to write, and its session may end meanwhile. So every transaction of a request with an access
//    token begins by reading session and account again. `Database` does this itself: an action cannot forget it.
// 2. An action works on the account as that transaction reads it, not as it was when the request arrived. It reads roles there
//    too.
// 3. Adding or changing something counts for `limit_write_per_user`. Ending something is always possible: revoking, deleting,
//    deactivating, leaving. So is rotating a key, which has its own limit.
// 4. What one account or project can have is bounded. The transaction that adds one counts. What is above a bound stays.

import Platform
import Store

extension Auth {
    /// Runs `body` in one transaction for `user`, with the account as that transaction reads it. `locks`: what `body` needs
    /// besides the account.
    ///
    /// Throws `invalidToken` if the account is gone or the request's session has ended, `accountInactive` if the account is
    /// deactivated; then nothing changes.
    func write<T>(
        by user: User, locking locks: @autoclosure () -> [Lock] = [], in database: Database,
        _ body: (User) throws(AuthError) -> T
    ) throws(AuthError) -> T {
        try database.write(locking: [.account(user.id)] + locks()) { () throws(AuthError) -> T in
            try body(try current(user, in: database))
        }
    }

    /// The same for adding or changing something: checks `limits` and the limit of changes first, and counts the change.
    ///
    /// Throws `limited` too.
    func change<T>(
        by user: User, within limits: [Limit]? = nil, locking locks: @autoclosure () -> [Lock] = [],
        in database: Database, _ body: (User) throws(AuthError) -> T
    ) throws(AuthError) -> T {
        let limits = limits ?? [changeLimit(of: user)]
        try refuse(over: limits, in: database)
        return try write(within: limits, locking: [.account(user.id)] + locks(), in: database) {
            () throws(AuthError) -> T in
            let user = try current(user, in: database)
            for limit in limits { try limit.charge(at: now, in: database) }
            return try body(user)
        }
    }

    /// The limit of changes by `user`.
    func changeLimit(of user: User) -> Limit {
        Limit(name: "write-user", subject: user.id.text, quota: policy.changesPerUser)
    }

    /// The limit of rotations by `user`, which replaces the limit of changes.
    func rotationLimit(of user: User) -> Limit {
        Limit(name: "rotate-user", subject: user.id.text, quota: Policy.rotationsPerUser)
    }

    /// The account of `user` as it is now. Throws as `write(by:in:)` does.
    func current(_ user: User, in database: Database) throws(AuthError) -> User {
        var found = database.actingAccount
        if found?.id != user.id { found = try User.find(user.id, in: database) }
        guard let found, !isTestSuperuser(found) else { throw .invalidToken }
        guard found.isActive else { throw .accountInactive }
        return found
    }
}

// Each throws `tooMany` if there is no room for one more. Called in the transaction that adds it.
extension Auth {
    func requireRoomForProject(of user: UUID, in database: Database) throws(AuthError) {
        let most = policy.projectsPerUser
        guard try Member.projectCount(of: user, limit: most, in: database) < most else { throw .tooMany(.projects(most)) }
    }

    func requireRoomForMember(of project: UUID, in database: Database) throws(AuthError) {
        let most = policy.membersPerProject
        guard try Member.count(of: project, limit: most, in: database) < most else { throw .tooMany(.members(most)) }
    }

    func requireRoomForInvitation(to project: UUID, in database: Database) throws(AuthError) {
        let most = policy.invitationsPerProject
        guard try Invitation.openCount(of: project, at: now, limit: most, in: database) < most else {
            throw .tooMany(.invitations(most))
        }
    }

    func requireRoomForKey(of project: UUID, by user: UUID, in database: Database) throws(AuthError) {
        let now = now
        let (all, own) = (policy.keysPerProject, policy.keysPerMember)
        guard try APIKey.liveCount(of: project, at: now, limit: all, in: database) < all else {
            throw .tooMany(.keysOfProject(all))
        }
        guard try APIKey.liveCount(of: project, by: user, at: now, limit: own, in: database) < own else {
            throw .tooMany(.keysOfMember(own))
        }
    }

    /// Deletes the oldest ended keys of `project`, so that it keeps at most as many ended keys as it may have live ones. Making
    /// and deleting keys in a loop cannot fill the disk.
    func dropEndedKeys(of project: UUID, in database: Database) throws(AuthError) {
        try APIKey.deleteEnded(
            of: project, but: policy.keysPerProject, at: now, limit: Policy.rowsPerCleanUp, in: database)
    }

    /// Makes room for the new session `id` of `user`: the least recently used sessions end. As many ended ones are kept.
    func makeRoomForSession(_ id: UUID, of user: UUID, in database: Database) throws(AuthError) {
        let (now, most) = (now, policy.sessionsPerUser)
        let ended = try Session.revokeExcess(
            of: user, over: most, keeping: id, limit: Policy.rowsPerCleanUp, at: now, in: database)
        for session in ended {
            try record(AuditEvent(.revocation, user: user, subject: session, detail: "too many"), in: database)
        }
        try Session.deleteEnded(of: user, but: most, limit: Policy.rowsPerCleanUp, at: now, in: database)
    }
}
