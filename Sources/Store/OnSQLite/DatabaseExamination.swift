// Reads the database without changing it: no migration, no change of journal mode.

import Platform
import SQLite

/// What an examination of the database finds.
package struct DatabaseExamination {
    /// How the schema compares with those that this executable knows.
    package enum Schema {
        case current, older, newer
        /// Closed by a restore or a rotation of the secret that did not finish.
        case closed
    }

    /// For example `3.40.1`.
    package let sqliteVersion: String
    /// The number of the last migration.
    package let schemaNumber: Int64
    /// How that number compares with this executable's.
    package let schema: Schema
    /// Whether its journal is a WAL.
    package let isWAL: Bool
    /// The first fault in the file, in SQLite's words; nil if there is none.
    package let damage: String?
    /// The table of the first row whose reference is missing. Checked only on request.
    package let orphan: String?
    /// What the rows show; nil if the schema is not current.
    package let rows: ExaminedRows?

    /// Examines the database in the existing file `path`; every page and every reference if `isDeep`.
    package init(ofFile path: String, isDeep: Bool) throws(AuthError) {
        do throws(SQLiteError) {
            let connection = try Connection(path: path)
            sqliteVersion = try connection.first("SELECT sqlite_version()") { $0.text(0) } ?? ""
            schemaNumber = Int64(try connection.version().number)
            schema =
                switch try migrator.state(of: connection) {
                case .current: .current
                case .older: .older
                case .newer: .newer
                case .closed: .closed
                }
            isWAL = try connection.journalMode() == .wal
            let found =
                isDeep
                ? try connection.first("PRAGMA integrity_check(1)") { $0.text(0) }
                : try connection.first("PRAGMA quick_check(1)") { $0.text(0) }
            if let found, !found.isSame(as: "ok") {
                damage = found
            } else if isDeep, schema == .current, let table = try connection.tableWithInvalidRow() {
                damage = "a row of \(table) is invalid"
            } else {
                damage = nil
            }
            orphan = isDeep ? try connection.first("PRAGMA foreign_key_check") { $0.text(0) } : nil
            rows = schema == .current ? try ExaminedRows(in: connection) : nil
        } catch {
            throw AuthError(error)
        }
    }
}
