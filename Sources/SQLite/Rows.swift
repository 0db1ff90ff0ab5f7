// Statements whose text is composed at run time, for whole tables: they are prepared once and not kept.

import CSQLite

/// A statement whose text is composed at run time.
package final class ComposedStatement {
    private let handle: OpaquePointer
    private let database: OpaquePointer
    private let sql: String

    /// Prepares `sql` on `connection`.
    package init(_ sql: String, on connection: Connection) throws(SQLiteError) {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v2(connection.handle, sql, -1, &prepared, nil)
        guard code == SQLITE_OK, let prepared else {
            throw SQLiteError(code: code, database: connection.handle, sql: sql)
        }
        handle = prepared
        database = connection.handle
        self.sql = sql
    }

    deinit { sqlite3_finalize(handle) }

    /// The next row; nil after the last one. Read it before the next call.
    package func next() throws(SQLiteError) -> Row? {
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return Row(statement: handle)
        case SQLITE_DONE: return nil
        default: throw SQLiteError(code: code, database: database, sql: sql)
        }
    }

    /// Runs it for its effect, with `values`. It can run again.
    package func run(_ values: [Value]) throws(SQLiteError) {
        for (index, value) in values.enumerated() { bind(value, at: Int32(index + 1)) }
        let code = sqlite3_step(handle)
        sqlite3_reset(handle)
        guard code == SQLITE_DONE else { throw SQLiteError(code: code, database: database, sql: sql) }
    }

    private func bind(_ value: Value, at index: Int32) {
        switch value {
        case .null: sqlite3_bind_null(handle, index)
        case .integer(let number): sqlite3_bind_int64(handle, index, number)
        case .text(let text): sqlite3_bind_text(handle, index, text, Int32(text.utf8.count), csqlite_transient())
        case .blob(let bytes):
            sqlite3_bind_blob(handle, index, bytes.isEmpty ? [0] : bytes, Int32(bytes.count), csqlite_transient())
        }
    }
}

extension Row {
    /// The value in `column`.
    package func value(_ column: Int32) -> Value {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_NULL: .null
        case SQLITE_INTEGER: .integer(integer(column))
        case SQLITE_TEXT: .text(text(column))
        default: .blob(blob(column))
        }
    }
}
