// What a transaction needs for itself.
//
// SQLite runs one transaction at a time that writes, so that what it read is still true when it writes. PostgreSQL runs them
// side by side, each statement on the state at its beginning (READ COMMITTED). There a transaction names what it reads and
// then depends on, and others that name the same wait until it ends.
//
// 1. A transaction names its locks when it begins. It takes them in one order, by `order` and then by what they name, so that
//    no two transactions wait for each other.
// 2. A lock that is found to be needed later comes after all that the transaction has: `project`, then `notices`, each in the
//    order of the ids.
// 3. The statements' own row locks come last. If two transactions wait for each other all the same, PostgreSQL ends one, which
//    then runs again.
// 4. What may be there already, though no lock was named for it, is a unique key: the transaction that finds it taken runs
//    again, and sees it.

package import Platform

/// What nobody else may read for a decision, or change, until the transaction ends.
package enum Lock {
    /// Everything that goes by the address: codes, sign-in, the account that has it.
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
