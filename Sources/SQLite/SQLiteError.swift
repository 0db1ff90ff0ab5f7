// SQLite's errors, without the values that were bound.

import CSQLite

/// A failed SQLite call.
package struct SQLiteError: Error {
    /// The extended result code (sqlite.org/rescode.html).
    package let code: Int32
    /// SQLite's own sentence.
    package let message: String
    /// The statement's text, with its placeholders; empty if there is none.
    package let sql: String
    /// `errno` of the failed system call, if one failed, from both places where SQLite keeps it.
    private let systemErrors: [Int32]

    init(code: Int32, database: OpaquePointer?, sql: String = "") {
        self.code = code
        message =
            database == nil
            ? String(cString: sqlite3_errstr(code)) : String(cString: sqlite3_errmsg(database))
        self.sql = sql
        var errors =
            database == nil ? [] : [sqlite3_system_errno(database), csqlite_file_errno(database)]
        // If SQLite cannot create a file, it retries without creating it, and keeps the second failure.
        if code & 0xFF == SQLITE_CANTOPEN, let database, csqlite_is_full(database) != 0 { errors.append(ENOSPC) }
        systemErrors = errors
    }

    /// A database that is not Latchkey's, for the reason `message`.
    package init(refusing message: String) {
        code = SQLITE_NOTADB
        self.message = message
        sql = ""
        systemErrors = []
    }

    /// What a caller can do about it.
    package enum Kind {
        /// Another connection has locked the database, or disk, memory or the table of files is full, or the file system
        /// is read-only: a later attempt may work.
        case temporary
        /// A constraint of the schema refused the change.
        case constraint
        /// Anything else.
        case other
    }

    /// `code`, by what a caller can do about it.
    package var kind: Kind {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_FULL, SQLITE_NOMEM, SQLITE_PROTOCOL, SQLITE_READONLY: .temporary
        case SQLITE_CONSTRAINT: .constraint
        // Data that could not be synced may still be there when the file is read again: no answer may say that nothing
        // changed.
        case SQLITE_IOERR where [SQLiteError.fsync, SQLiteError.folderFsync].contains(code): .other
        // SQLite reports FULL only for some calls that a full disk, an exhausted quota or too many open files refuse.
        case SQLITE_IOERR where lacksRoom, SQLITE_CANTOPEN where lacksRoom: .temporary
        default: .other
        }
    }

    /// Whether another connection had the database locked for longer than this one waits.
    package var isBusy: Bool { code & 0xFF == SQLITE_BUSY }

    private var lacksRoom: Bool {
        systemErrors.contains { [ENOSPC, EDQUOT, EFBIG, ENOMEM, EMFILE, ENFILE, EROFS].contains($0) }
    }

    /// SQLITE_IOERR_FSYNC and SQLITE_IOERR_DIR_FSYNC, macros that Swift does not import.
    private static let fsync = SQLITE_IOERR | (4 << 8)
    private static let folderFsync = SQLITE_IOERR | (5 << 8)

    /// One line for a log.
    package var description: String {
        let place = sql.isEmpty ? "" : " in: \(sql)"
        let number = systemErrors.first { $0 != 0 }
        let cause = number.map { " (errno \($0))" } ?? ""
        return "sqlite \(code): \(message)\(cause)\(place)"
    }
}
