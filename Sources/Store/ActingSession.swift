// The session that a request acts in. Every transaction of the request reads it again: a session may end while its
// request waits for its turn to write. `Database` does this itself, so no action can forget it.

package import Platform

/// The session that a request acts in.
package final class ActingSession {
    /// The session's id: `sid` of the request's access token.
    package let id: UUID
    private let clock: (() -> Timestamp)?
    /// Its account as the current transaction read it; nil outside a transaction.
    package private(set) var account: User?

    /// The request acts in the session `id`; `clock` gives the time; nil: the store's clock does.
    package init(id: UUID, clock: (() -> Timestamp)?) {
        self.id = id
        self.clock = clock
    }

    /// Begins a transaction: reads the account. Throws as `account(in:)` does.
    func begin(in database: Database) throws(AuthError) { account = try account(in: database) }

    /// Ends the transaction.
    func end() { account = nil }

    /// Its account, read now. Throws `invalidToken` if the session has ended, or its account is gone; `accountInactive`
    /// if the account is deactivated.
    package func account(in database: Database) throws(AuthError) -> User {
        guard let session = try Session.find(id, in: database) else { throw .invalidToken }
        return try session.activeUser(at: clock?() ?? database.now)
    }
}
