// Where a service's database is, and how it is opened. Settings makes it; the rules only pass it on.

/// The database of a state folder.
package struct DatabaseLocation {
    /// Where database, secret and signing keys are.
    package let state: StateFolder
    /// nil if the operator sets none: then the file system decides.
    let journal: JournalMode?
    /// PostgreSQL's connection URI, or keywords and values; nil: none is set.
    let address: String?
    /// libpq's `sslmode` for connections by TCP.
    let tls: String
    /// Whether a pooler in transaction mode stands before PostgreSQL.
    let isPooled: Bool

    /// The database of `state`. For SQLite, `journal` is the operator's journal mode, if one is set. For PostgreSQL, `address`
    /// is where it is, `tls` is libpq's `sslmode`, and `isPooled` says whether a pooler in transaction mode stands before it.
    package init(
        _ state: StateFolder, journal: JournalMode? = nil, address: String? = nil, tls: String = "verify-full",
        isPooled: Bool = false
    ) {
        self.state = state
        self.journal = journal
        self.address = address
        self.tls = tls
        self.isPooled = isPooled
    }
}
