// Whole tables, as lines of COPY's text format (postgresql.org/docs/current/sql-copy.html).

import CPostgreSQL

extension Connection {
    /// Begins `sql`, a `COPY … FROM STDIN`: `putLine` sends the rows, then `endCopyIn` stores them.
    package func beginCopyIn(_ sql: String) throws(PostgreSQLError) { try begin(sql, PGRES_COPY_IN) }

    /// Sends one line, with its line feed.
    package func putLine(_ line: [UInt8]) throws(PostgreSQLError) {
        let isSent = line.withUnsafeBytes {
            PQputCopyData(handle, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count)) == 1
        }
        if !isSent { throw failed(nil, "COPY") }
    }

    /// Ends the COPY. `isComplete`: all lines were sent. Otherwise the COPY stores nothing, and its transaction fails.
    package func endCopyIn(isComplete: Bool) throws(PostgreSQLError) {
        let isEnded = PQputCopyEnd(handle, isComplete ? nil : "the source failed") == 1
        let failure = finish()
        guard isComplete else { return }
        if let failure { throw failure }
        if !isEnded { throw failed(nil, "COPY") }
    }

    /// Begins `sql`, a `COPY … TO STDOUT`: `nextLine` returns its rows. All must be read.
    package func beginCopyOut(_ sql: String) throws(PostgreSQLError) { try begin(sql, PGRES_COPY_OUT) }

    /// The next line, with its line feed; nil after the last one.
    package func nextLine() throws(PostgreSQLError) -> [UInt8]? {
        var buffer: UnsafeMutablePointer<CChar>?
        let count = PQgetCopyData(handle, &buffer, 0)
        guard count > 0, let buffer else {
            if let failure = finish() { throw failure }
            return nil
        }
        defer { PQfreemem(buffer) }
        return Array(UnsafeRawBufferPointer(start: buffer, count: Int(count)))
    }

    private func begin(_ sql: String, _ status: ExecStatusType) throws(PostgreSQLError) {
        let result = PQexec(handle, sql)
        defer { PQclear(result) }
        guard PQresultStatus(result) == status else { throw failed(result, sql) }
    }

    /// Reads the results that follow the lines.
    private func finish() -> PostgreSQLError? {
        var failure: PostgreSQLError?
        while let result = PQgetResult(handle) {
            if PQresultStatus(result) != PGRES_COMMAND_OK { failure = failed(result, "COPY") }
            PQclear(result)
        }
        return failure
    }
}

/// One line of COPY's text format.
package enum CopyLine {
    /// The line of `fields`: each is text without escapes, or nil for NULL.
    package static func of(_ fields: [[UInt8]?]) -> [UInt8] {
        var line: [UInt8] = []
        for (index, field) in fields.enumerated() {
            if index > 0 { line.append(9) }
            guard let field else {
                line += Array("\\N".utf8)
                continue
            }
            for byte in field {
                if let letter = escape(byte) {
                    line += [UInt8(ascii: "\\"), letter]
                } else {
                    line.append(byte)
                }
            }
        }
        line.append(10)
        return line
    }

    /// The fields of `line`, which may end with a line feed.
    package static func fields(of line: [UInt8]) -> [[UInt8]?] {
        var fields: [[UInt8]?] = []
        var field: [UInt8] = []
        var isNull = false
        var index = 0
        let end = line.last == 10 ? line.count - 1 : line.count
        while index <= end {
            guard index < end, line[index] != 9 else {
                fields.append(isNull ? nil : field)
                (field, isNull) = ([], false)
                index += 1
                continue
            }
            if line[index] == UInt8(ascii: "\\"), index + 1 < end {
                index += 1
                if line[index] == UInt8(ascii: "N") { isNull = true } else { field.append(unescape(line[index])) }
            } else {
                field.append(line[index])
            }
            index += 1
        }
        return fields
    }

    /// The letter that stands for `byte` after a backslash; nil if `byte` needs no escape.
    private static func escape(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 8: UInt8(ascii: "b")
        case 9: UInt8(ascii: "t")
        case 10: UInt8(ascii: "n")
        case 11: UInt8(ascii: "v")
        case 12: UInt8(ascii: "f")
        case 13: UInt8(ascii: "r")
        case UInt8(ascii: "\\"): byte
        default: nil
        }
    }

    private static func unescape(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 8
        case UInt8(ascii: "t"): 9
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "v"): 11
        case UInt8(ascii: "f"): 12
        case UInt8(ascii: "r"): 13
        default: letter
        }
    }
}
