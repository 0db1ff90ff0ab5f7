// Where a service's database is, and how it is opened. Settings makes it; the rules only pass it on.

/// The database in a state folder.
package struct DatabaseLocation {
    /// Where database, secret and signing keys are.
    package let state: StateFolder
    /// nil if the operator sets none: then the file system decides.
    let journal: JournalMode?

    /// The database in `state`. `journal` is the operator's journal mode, if one is set.
    package init(_ state: StateFolder, journal: JournalMode? = nil) {
        self.state = state
        self.journal = journal
    }
}
