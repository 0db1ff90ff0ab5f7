// The locks of a transaction.
//
// SQLite runs one writing transaction at a time, so what it read is still true when it writes. PostgreSQL runs them at the same
// time, and each statement sees what was committed before it began (READ COMMITTED). So a transaction locks what it depends on
// by name, and other transactions that name the same lock wait until it ends.
//
// 1. A transaction names its locks when it begins. It takes them in one order, by `order` and then by a hash of what they name,
//    so that two transactions cannot deadlock.
// 2. A transaction may find later that it needs another lock. That lock comes after all that it has: `project`, then `notices`,
//    each in the order of the ids.
// 3. The row locks of its statements come last. If two transactions deadlock on those, PostgreSQL ends one, which runs again.
// 4. A unique key needs no lock: a transaction that finds the key taken runs again, and sees the other's row.

package import Platform

/// What no other transaction may read for a decision, or change, until this one ends.
package enum Lock {
    /// Everything that belongs to an email address: codes, sign-in, the account that has it.
    case address(String)
    /// An account's own rows: its address, sessions, memberships.
    case account(UUID)
    /// A session's generation.
    case session(UUID)
    /// A project: its members, roles, invitations and keys.
    case project(UUID)
    /// The count of a limit for a subject.
    case limit(StaticString, String)
    /// The announcements to an account.
    case notices(UUID)
    /// Deleting what has expired.
    case cleanUp

    /// The place of the lock's kind in the order of all.
    var order: Int64 {
        switch self {
        case .limit: 1
        case .address: 2
        case .account: 3
        case .session: 4
        case .cleanUp: 5
        case .project: 6
        case .notices: 7
        }
    }
}
