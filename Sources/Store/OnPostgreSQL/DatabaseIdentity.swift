// Which database a process is connected to: what the settings say. The first statement of each request also reads the store's
// state, and so notices if it has been replaced.

import Platform

/// The settings with which the database was opened.
struct DatabaseIdentity {
    private let location: DatabaseLocation

    init(of location: DatabaseLocation) { self.location = location }

    /// Whether the database is still the one at `other`.
    func isThere(at other: DatabaseLocation) -> Bool {
        location.state.path.isSame(as: other.state.path) && location.isPooled == other.isPooled
            && location.tls.isSame(as: other.tls) && (location.address ?? "").isSame(as: other.address ?? "")
    }
}
