// The database as a whole.

import SQLite

/// Which schema it has, and a copy of all that is in it.
enum Schema {
    /// The number of the last migration.
    static func version(of database: Database) throws(AuthError) -> Int64 {
        try database.first("PRAGMA user_version") { $0.integer(0) } ?? 0
    }

    /// Writes a whole, compact copy to the file `path`, which must not be there: one moment of the database,
    /// whatever others write meanwhile (sqlite.org/lang_vacuum.html#vacuuminto).
    static func copy(_ database: Database, to path: String) throws(AuthError) {
        try database.run("VACUUM INTO ?", [.text(path)])
    }

    /// What is wrong with the database in the file `path`; nil if nothing is.
    static func fault(inCopy path: String) throws(AuthError) -> String? {
        do throws(SQLiteError) {
            let found = try Connection(path: path).first("PRAGMA integrity_check(1)") { $0.text(0) } ?? "no answer"
            return found.utf8.elementsEqual("ok".utf8) ? nil : found
        } catch {
            throw AuthError(error)
        }
    }
}
