// Copies whole tables between PostgreSQL and a SQLite file, in either direction, and compares them.
//
// 1. A table is copied as lines of COPY's text format, in the order of its primary key. Both stores sort ids and texts by their
//    bytes.
// 2. The copy hashes the lines with SHA-256. Then it reads the target again, in the same order: the number of rows and the
//    SHA-256 must be the same.
// 3. The columns are those of this executable's schema. Columns that someone has added are not copied.

import Cryptography
import Platform
import PostgreSQL
import SQLite

/// The tables that both stores have. Each refers only to tables before it.
enum StoredTable {
    /// Their names.
    static let names: [StaticString] = [
        "users", "projects", "members", "sessions", "api_keys", "invitations", "challenges", "mail_items", "limit_counts",
        "known_networks", "audit_events", "counters",
    ]

    /// A column: its name, and its type in SQLite.
    struct Column {
        let name: String
        let isBlob: Bool
        let isInteger: Bool
        /// Its place in the primary key, from 1; 0 if it is not part of it.
        let keyPlace: Int64
    }

    /// The columns of `table` in a SQLite file that this executable has created: another file's names are not to be trusted.
    static func columns(of table: String, in file: SQLite.Connection) throws(AuthError) -> [Column] {
        var columns: [Column] = []
        do throws(SQLiteError) {
            let rows = try ComposedStatement("SELECT name, type, pk FROM pragma_table_info('\(table)') ORDER BY cid", on: file)
            while let row = try rows.next() {
                columns.append(
                    Column(
                        name: row.text(0), isBlob: row.text(1).isSame(as: "BLOB"), isInteger: row.text(1).isSame(as: "INTEGER"),
                        keyPlace: row.integer(2)))
            }
        } catch {
            throw AuthError(error)
        }
        return columns
    }

    /// SQL that reads `table` in the order of its key. PostgreSQL has several rows for each counter.
    static func query(_ table: String, _ columns: [Column], isPostgreSQL: Bool) -> String {
        let names = columns.map { $0.name }.joined(separator: ", ")
        if isPostgreSQL, table.isSame(as: "counters") {
            return "SELECT event, detail, CAST(sum(count) AS BIGINT) FROM counters GROUP BY event, detail ORDER BY event, detail"
        }
        let key = columns.filter { $0.keyPlace > 0 }.sorted { $0.keyPlace < $1.keyPlace }.map { $0.name }
        return "SELECT \(names) FROM \(table) ORDER BY \(key.joined(separator: ", "))"
    }
}

/// What two copies of a table are compared by.
private struct TableDigest {
    private(set) var rows = 0
    private var stream = SHA256Stream()

    mutating func add(_ line: [UInt8]) {
        rows += 1
        stream.add(line)
    }

    /// Whether both have the same rows.
    mutating func isSame(as other: inout TableDigest) -> Bool {
        rows == other.rows && stream.digest() == other.stream.digest()
    }
}

extension Database {
    /// Within a transaction: replaces all rows by those of the SQLite file `path`, which has this executable's schema, and
    /// compares both. Throws `failure` if they differ, or if a row cannot be stored.
    package func replaceRows(byFile path: String, report: ProgressReport) throws(AuthError) {
        let (file, model) = (try opened(path), try Schema.created(":memory:"))
        for table in StoredTable.names.reversed() { try script("DELETE FROM \(table.description)") }
        for (index, name) in StoredTable.names.enumerated() {
            report("copying", index * 100 / StoredTable.names.count)
            let table = name.description
            let columns = try StoredTable.columns(of: table, in: model)
            var sent = TableDigest()
            try copy(table, columns, from: file, &sent)
            var stored = try digest(of: table, columns)
            guard stored.isSame(as: &sent) else {
                throw .failure(reason: "the table \(table) differs after it was copied: \(sent.rows) and \(stored.rows) rows")
            }
            // The next row continues where the old ones end.
            if columns.contains(where: { $0.name.isSame(as: "sequence") }) {
                try script(
                    "SELECT setval(pg_get_serial_sequence('\(table)', 'sequence'), coalesce(max(sequence), 0) + 1, false) FROM \(table)"
                )
            }
        }
        report("copying", 100)
    }

    /// Whether the rows are those of the SQLite file `path`.
    package func hasRows(ofFile path: String) throws(AuthError) -> Bool {
        let (file, model) = (try opened(path), try Schema.created(":memory:"))
        for name in StoredTable.names {
            let table = name.description
            let columns = try StoredTable.columns(of: table, in: model)
            var there = TableDigest()
            try forEachLine(of: table, columns, in: file) { (line) throws(AuthError) in there.add(line) }
            var here = try digest(of: table, columns)
            if !here.isSame(as: &there) { return false }
        }
        return true
    }

    /// Whether there is no account, project, audit event or challenge.
    package func isEmpty() throws(AuthError) -> Bool {
        try first(
            """
            SELECT NOT EXISTS (SELECT 1 FROM users) AND NOT EXISTS (SELECT 1 FROM projects)
                AND NOT EXISTS (SELECT 1 FROM audit_events) AND NOT EXISTS (SELECT 1 FROM challenges)
            """
        ) { $0.integer(0) != 0 } ?? false
    }

    /// Writes all rows, as one snapshot, to a new SQLite file at `path`, and compares both.
    package func writeRows(toFile path: String, report: ProgressReport) throws(AuthError) {
        let file = try Schema.created(path)
        try beginReading()
        defer { endReading() }
        for (index, name) in StoredTable.names.enumerated() {
            report("copying", index * 100 / StoredTable.names.count)
            let table = name.description
            let columns = try StoredTable.columns(of: table, in: file)
            var sent = try write(table, columns, to: file)
            var stored = TableDigest()
            try forEachLine(of: table, columns, in: file) { (line) throws(AuthError) in stored.add(line) }
            guard stored.isSame(as: &sent) else {
                throw .failure(reason: "the table \(table) differs after it was copied: \(sent.rows) and \(stored.rows) rows")
            }
        }
        report("copying", 100)
    }

    private func opened(_ path: String) throws(AuthError) -> SQLite.Connection {
        do throws(SQLiteError) {
            return try SQLite.Connection(path: path)
        } catch {
            throw AuthError(error)
        }
    }

    private func script(_ sql: String) throws(AuthError) {
        do throws(PostgreSQLError) {
            try engine.connection.script(sql)
        } catch {
            throw AuthError(error)
        }
    }

    /// Sends the rows of `table` in `file`.
    private func copy(
        _ table: String, _ columns: [StoredTable.Column], from file: SQLite.Connection, _ digest: inout TableDigest
    ) throws(AuthError) {
        let names = columns.map { $0.name }.joined(separator: ", ")
        let connection = engine.connection
        do throws(PostgreSQLError) {
            try connection.beginCopyIn("COPY \(table) (\(names)) FROM STDIN")
        } catch {
            throw AuthError(error)
        }
        do throws(AuthError) {
            try forEachLine(of: table, columns, in: file) { (line) throws(AuthError) in
                do throws(PostgreSQLError) {
                    try connection.putLine(line)
                } catch {
                    throw AuthError(error)
                }
                digest.add(line)
            }
        } catch {
            try? connection.endCopyIn(isComplete: false)
            throw error
        }
        do throws(PostgreSQLError) {
            try connection.endCopyIn(isComplete: true)
        } catch {
            throw AuthError(error)
        }
    }

    /// Passes every row of `table` in `file` to `body`, as a line.
    private func forEachLine(
        of table: String, _ columns: [StoredTable.Column], in file: SQLite.Connection,
        _ body: ([UInt8]) throws(AuthError) -> Void
    ) throws(AuthError) {
        let rows: ComposedStatement
        do throws(SQLiteError) {
            rows = try ComposedStatement(StoredTable.query(table, columns, isPostgreSQL: false), on: file)
        } catch {
            throw AuthError(error)
        }
        while true {
            let row: SQLite.Row?
            do throws(SQLiteError) {
                row = try rows.next()
            } catch {
                throw AuthError(error)
            }
            guard let row else { return }
            try body(CopyLine.of((0..<Int32(columns.count)).map { field(row.value($0)) }))
        }
    }

    /// A value as PostgreSQL writes it.
    private func field(_ value: SQLite.Value) -> [UInt8]? {
        switch value {
        case .null: return nil
        case .integer(let number): return Array(String(number).utf8)
        case .text(let text): return Array(text.utf8)
        case .blob(let bytes):
            var hex: [UInt8] = [UInt8(ascii: "\\"), UInt8(ascii: "x")]
            for byte in bytes { hex += [digit(byte >> 4), digit(byte & 15)] }
            return hex
        }
    }

    private func digit(_ number: UInt8) -> UInt8 { number < 10 ? number + 0x30 : number + 0x57 }

    /// The digest of `table` in PostgreSQL.
    private func digest(of table: String, _ columns: [StoredTable.Column]) throws(AuthError) -> TableDigest {
        var digest = TableDigest()
        try forEachStoredLine(of: table, columns) { (line) throws(AuthError) in digest.add(line) }
        return digest
    }

    private func forEachStoredLine(
        of table: String, _ columns: [StoredTable.Column], _ body: ([UInt8]) throws(AuthError) -> Void
    ) throws(AuthError) {
        do throws(PostgreSQLError) {
            let query = StoredTable.query(table, columns, isPostgreSQL: true)
            try engine.connection.beginCopyOut("COPY (\(query)) TO STDOUT")
        } catch {
            throw AuthError(error)
        }
        var failure: AuthError?
        while true {
            let line: [UInt8]?
            do throws(PostgreSQLError) {
                line = try engine.connection.nextLine()
            } catch {
                throw AuthError(error)
            }
            guard let line else { break }
            // All lines must be read before the connection can be used again.
            guard failure == nil else { continue }
            do throws(AuthError) {
                try body(line)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Writes the rows of `table` to `file`.
    private func write(
        _ table: String, _ columns: [StoredTable.Column], to file: SQLite.Connection
    ) throws(AuthError) -> TableDigest {
        let names = columns.map { $0.name }.joined(separator: ", ")
        let places = columns.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
        var digest = TableDigest()
        let statement: ComposedStatement
        do throws(SQLiteError) {
            try file.script("BEGIN")
            statement = try ComposedStatement("INSERT INTO \(table) (\(names)) VALUES (\(places))", on: file)
        } catch {
            throw AuthError(error)
        }
        try forEachStoredLine(of: table, columns) { (line) throws(AuthError) in
            digest.add(line)
            let fields = CopyLine.fields(of: line)
            var values: [SQLite.Value] = []
            for (column, field) in zip(columns, fields) { values.append(value(field, of: column)) }
            do throws(SQLiteError) {
                try statement.run(values)
            } catch {
                throw AuthError(error)
            }
        }
        do throws(SQLiteError) {
            try file.script("COMMIT")
        } catch {
            throw AuthError(error)
        }
        return digest
    }

    private func value(_ field: [UInt8]?, of column: StoredTable.Column) -> SQLite.Value {
        guard let field else { return .null }
        let text = String(decoding: field, as: UTF8.self)
        if column.isBlob { return .blob(bytes(ofHex: String(Substring(text.utf8.dropFirst(2))))) }
        return column.isInteger ? .integer(Int64(text) ?? 0) : .text(text)
    }
}
