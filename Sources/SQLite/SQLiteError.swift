// What SQLite says when it refuses, without the values it was given.

import CSQLite

/// A failed call of SQLite.
package struct SQLiteError: Error {
    /// The extended result code (sqlite.org/rescode.html).
    package let code: Int32
    /// SQLite's own sentence.
    package let message: String
    /// The statement's text, with its placeholders; empty if there is none.
    package let sql: String
    /// `errno` of the system call that failed, if one did.
    private let systemError: Int32

    init(code: Int32, database: OpaquePointer?, sql: String = "") {
        self.code = code
        message =
            database == nil
            ? String(cString: sqlite3_errstr(code)) : String(cString: sqlite3_errmsg(database))
        self.sql = sql
        systemError = sqlite3_system_errno(database)
    }

    /// What a caller can do about it.
    package enum Kind {
        /// Another connection holds the database, or the disk or memory is full: later may work.
        case temporary
        /// A constraint of the schema refused the change.
        case constraint
        /// Anything else.
        case other
    }

    /// `code`, by what a caller can do about it.
    package var kind: Kind {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_FULL, SQLITE_NOMEM, SQLITE_PROTOCOL: .temporary
        case SQLITE_CONSTRAINT: .constraint
        // SQLite says FULL only for some calls that a full disk refuses.
        case SQLITE_IOERR where [ENOSPC, EDQUOT, EFBIG, ENOMEM].contains(systemError): .temporary
        default: .other
        }
    }

    /// One line for a log.
    package var description: String {
        let place = sql.isEmpty ? "" : " in: \(sql)"
        let cause = systemError == 0 ? "" : " (errno \(systemError))"
        return "sqlite \(code): \(message)\(cause)\(place)"
    }
}
