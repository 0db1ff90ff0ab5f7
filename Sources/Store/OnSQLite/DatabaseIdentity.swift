// Which database a process has open: a file, which another one may have replaced.

import Platform

/// The database's file, as it was before it was opened.
struct DatabaseIdentity {
    private let folder: String
    private let path: String
    /// nil if there was none.
    private let file: FileIdentity?
    private let journal: JournalMode?

    init(of location: DatabaseLocation) {
        folder = location.state.path
        path = location.state.databasePath
        file = File.mark(path)?.identity
        journal = location.journal
    }

    /// Whether the database is still the one at `location`.
    func isThere(at location: DatabaseLocation) -> Bool {
        guard let file, journal == location.journal, folder.isSame(as: location.state.path) else { return false }
        return File.mark(path)?.identity == file
    }
}
