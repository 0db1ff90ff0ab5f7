// Whose a change is, and how often one account may make one.
//
// 1. A request waits for its turn to write, and its session may end meanwhile. Every transaction of a request that
//    bears an access token therefore begins by reading session and account again. `Database` does so by itself: an
//    action cannot forget it.
// 2. An action works on the account as that transaction reads it, not as it was when the request arrived. Roles are
//    read there too.

import System

/// The session that a request acts in.
struct ActingSession {
    let id: UUID
    let clock: () -> Timestamp

    /// Its account, read now. Throws `invalidToken` if the session has ended, or its account is gone; `accountInactive`
    /// if the account is deactivated.
    func account(in database: Database) throws(AuthError) -> User {
        guard let session = try Session.find(id, in: database) else { throw .invalidToken }
        return try session.activeUser(at: clock())
    }
}

extension Session {
    /// The account, while account and session are good. Throws as `ActingSession.account` does.
    func activeUser(at now: Timestamp) throws(AuthError) -> User {
        // Deactivating an account ends its sessions, and its owner is to hear why.
        guard user.isActive else { throw .accountInactive }
        guard !isRevoked, expiresAt > now else { throw .invalidToken }
        return user
    }
}

extension Auth {
    /// Runs `body` in one transaction for `user`, with the account as it is then.
    ///
    /// Throws `invalidToken` if the account is gone or the request's session has ended, `accountInactive` if the account
    /// is deactivated; then nothing is changed.
    func transaction<T>(
        by user: User, in database: Database, _ body: (User) throws(AuthError) -> T
    ) throws(AuthError) -> T {
        try database.transaction { () throws(AuthError) -> T in try body(try current(user, in: database)) }
    }

    /// The account of `user` as it is now. Throws as `transaction(by:in:)` does.
    func current(_ user: User, in database: Database) throws(AuthError) -> User {
        guard let user = try User.find(user.id, in: database), !isTestSuperuser(user) else { throw .invalidToken }
        guard user.isActive else { throw .accountInactive }
        return user
    }
}
