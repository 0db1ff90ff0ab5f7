// How SQLite keeps its journal (sqlite.org/wal.html), with the setting's names.

package import SQLite

/// `.wal`, or `.delete`.
package typealias JournalMode = SQLite.JournalMode

extension JournalMode {
    /// The mode that a setting calls `wal` or `delete`.
    package init?(named name: String) {
        switch name {
        case "wal": self = .wal
        case "delete": self = .delete
        default: return nil
        }
    }
}
