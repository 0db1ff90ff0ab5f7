// PostgreSQL's errors, without the values that were bound.

import CPostgreSQL

/// A failed statement, or a failed connection.
package struct PostgreSQLError: Error {
    /// The SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html), five characters; "" for an error of libpq's own.
    package let state: String
    /// The server's first sentence, or libpq's.
    package let message: String
    /// The statement's text, with its placeholders; empty if there is none.
    package let sql: String
    /// What a caller can do about it.
    package let kind: Kind

    /// What a caller can do about an error.
    package enum Kind: Equatable {
        /// The connection is gone, and nothing was committed: the same transaction may succeed on a new one.
        case disconnected
        /// Another transaction conflicted with this one, which may succeed when it runs again. A unique key that is taken, or
        /// a referenced row that is gone, counts too: the next run sees what the other transaction did.
        case conflict
        /// The server is overloaded, full, starting, stopping or read-only, or a lock was not free in time: a later attempt
        /// may succeed.
        case temporary
        /// A constraint of the schema refused the change.
        case constraint
        /// The server may have committed or not: the transaction must not run again.
        case unknownOutcome
        /// Anything else.
        case other
    }

    init(state: String = "", message: String, sql: String = "", kind: Kind) {
        self.state = state
        self.message = message
        self.sql = sql
        self.kind = kind
    }

    /// The error of `result`, the answer to `sql` on `connection`.
    init(_ result: OpaquePointer?, on connection: OpaquePointer, sql: String) {
        let state = cpostgresql_state(result).map { String(cString: $0) } ?? ""
        let isGone = PQstatus(connection) == CONNECTION_BAD
        self.init(
            state: state,
            message: cpostgresql_message(result).map { String(cString: $0) } ?? oneLine(PQerrorMessage(connection)),
            sql: sql, kind: isGone ? .disconnected : kindOfState(state))
    }

    /// The same error, if the connection is lost.
    var withLostConnection: PostgreSQLError {
        PostgreSQLError(state: state, message: message, sql: sql, kind: .disconnected)
    }

    /// The same error, if COMMIT may have happened.
    var withUnknownOutcome: PostgreSQLError {
        PostgreSQLError(state: state, message: message, sql: sql, kind: .unknownOutcome)
    }

    /// One line for a log.
    package var description: String {
        let place = sql.isEmpty ? "" : " in: \(sql)"
        let outcome = kind == .unknownOutcome ? "the outcome of COMMIT is unknown: " : ""
        return "postgresql \(state.isEmpty ? "-" : state): \(outcome)\(message)\(place)"
    }
}

/// libpq's messages end with a line feed, and may have several lines.
func oneLine(_ text: UnsafePointer<CChar>?) -> String {
    guard let text else { return "" }
    var bytes: [UInt8] = []
    var byte = text
    while byte.pointee != 0 {
        let value = UInt8(bitPattern: byte.pointee)
        bytes.append(value == 10 || value == 9 ? 32 : value)
        byte += 1
    }
    while bytes.last == 32 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
}

private func kindOfState(_ state: String) -> PostgreSQLError.Kind {
    let bytes = Array(state.utf8)
    guard bytes.count == 5 else { return .other }
    switch (bytes[0], bytes[1]) {
    // 40001 serialization_failure, 40P01 deadlock_detected. 40003 is statement_completion_unknown.
    case (UInt8(ascii: "4"), UInt8(ascii: "0")):
        return bytes[2...].elementsEqual("001".utf8) || bytes[2...].elementsEqual("P01".utf8) ? .conflict : .other
    // 23505 unique_violation, 23503 foreign_key_violation.
    case (UInt8(ascii: "2"), UInt8(ascii: "3")):
        return bytes[2...].elementsEqual("505".utf8) || bytes[2...].elementsEqual("503".utf8) ? .conflict : .constraint
    // 25006 read_only_sql_transaction: a standby, or a disk that the server protects.
    case (UInt8(ascii: "2"), UInt8(ascii: "5")): return bytes[2...].elementsEqual("006".utf8) ? .temporary : .other
    // 08: connection; 53: insufficient resources; 57: operator intervention (cancelled, shutting down, starting);
    // 55P03 lock_not_available.
    case (UInt8(ascii: "0"), UInt8(ascii: "8")), (UInt8(ascii: "5"), UInt8(ascii: "3")), (UInt8(ascii: "5"), UInt8(ascii: "7")):
        return .temporary
    case (UInt8(ascii: "5"), UInt8(ascii: "5")): return bytes[2...].elementsEqual("P03".utf8) ? .temporary : .other
    default: return .other
    }
}
