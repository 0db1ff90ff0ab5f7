// Values for a statement, and values from a row. STRICT tables enforce the types.

import CSQLite

/// A value bound to a placeholder.
package enum Value {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])

    /// Text, or NULL for nil.
    package static func optional(_ text: String?) -> Value { text.map { .text($0) } ?? .null }

    /// An integer, or NULL for nil.
    package static func optional(_ integer: Int64?) -> Value { integer.map { .integer($0) } ?? .null }
}

/// A statement's current row. Columns count from 0; read it before the next step.
package struct Row {
    let statement: OpaquePointer

    /// The integer in `column`; 0 for NULL.
    package func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    /// The text in `column`; "" for NULL.
    package func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(statement, column) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// The bytes in `column`; empty for NULL.
    package func blob(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(statement, column) else { return [] }
        let count = Int(sqlite3_column_bytes(statement, column))
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Whether `column` is NULL.
    package func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(statement, column) == SQLITE_NULL
    }

    /// The integer in `column`, or nil for NULL.
    package func optionalInteger(_ column: Int32) -> Int64? {
        isNull(column) ? nil : integer(column)
    }

    /// The text in `column`, or nil for NULL.
    package func optionalText(_ column: Int32) -> String? {
        isNull(column) ? nil : text(column)
    }
}
