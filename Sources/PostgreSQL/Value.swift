// Values for a statement, and values from a row. Both use PostgreSQL's binary format. Only a script of several statements
// returns its results as text.

import CPostgreSQL

/// A value bound to a placeholder.
package enum Value {
    /// NULL of a type: without one PostgreSQL may infer a narrower type for the placeholder than later values need.
    case null(ValueType)
    case integer(Int64)
    case text(String)
    case blob([UInt8])

    /// Text, or NULL for nil.
    package static func optional(_ text: String?) -> Value { text.map { .text($0) } ?? .null(.text) }

    /// An integer, or NULL for nil.
    package static func optional(_ integer: Int64?) -> Value { integer.map { .integer($0) } ?? .null(.integer) }

    var type: ValueType {
        switch self {
        case .null(let type): type
        case .integer: .integer
        case .text: .text
        case .blob: .blob
        }
    }
}

/// The types that the store's columns have.
package enum ValueType {
    /// BIGINT.
    case integer
    /// TEXT.
    case text
    /// BYTEA.
    case blob

    /// The type's object id, the same in every PostgreSQL (pg_type.dat).
    var oid: Oid {
        switch self {
        case .integer: 20
        case .text: 25
        case .blob: 17
        }
    }
}

/// One row of a result. Columns count from 0; it is valid as long as the closure that gets it runs.
package struct Row {
    let result: OpaquePointer
    let number: Int32

    /// The integer in `column`, of any size, or 1 for true; 0 for NULL and false.
    package func integer(_ column: Int32) -> Int64 {
        let bytes = self.bytes(column)
        guard let first = bytes.first else { return 0 }
        if PQfformat(result, column) == 0 { return decimal(bytes) }
        // Two's complement, the most significant byte first; a boolean is one byte, 0 or 1.
        var number: Int64 = first & 0x80 == 0 ? 0 : -1
        for byte in bytes { number = number << 8 | Int64(byte) }
        return number
    }

    /// The text in `column`; "" for NULL.
    package func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    /// The bytes in `column`; empty for NULL.
    package func blob(_ column: Int32) -> [UInt8] { Array(bytes(column)) }

    /// Whether `column` is NULL.
    package func isNull(_ column: Int32) -> Bool { PQgetisnull(result, number, column) == 1 }

    /// The integer in `column`, or nil for NULL.
    package func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    /// The text in `column`, or nil for NULL.
    package func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    /// A number as text.
    private func decimal(_ digits: UnsafeRawBufferPointer) -> Int64 {
        Int64(String(decoding: digits, as: UTF8.self)) ?? 0
    }

    private func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: PQgetvalue(result, number, column), count: Int(PQgetlength(result, number, column)))
    }
}
