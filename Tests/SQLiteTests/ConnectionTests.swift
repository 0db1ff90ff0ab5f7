// The SQLite wrapper: its guarantees for transactions and its defences.

import Foundation
import Platform
import SQLite
import Testing

@Suite struct ConnectionTests {
    let path = temporaryPath()

    private func open() throws -> Connection {
        let connection = try Connection(path: path)
        try connection.script("PRAGMA journal_mode=WAL; CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b TEXT) STRICT")
        return connection
    }

    @Test func valuesComeBackAsTheyWere() throws {
        let database = try open()
        let row = try database.first(
            "SELECT ?, ?, ?, ?, ?", [.integer(.min), .text("a\0é"), .blob([0, 255]), .null, .blob([])]
        ) { ($0.integer(0), $0.text(1), $0.blob(2), $0.isNull(3), $0.blob(4).isEmpty && !$0.isNull(4)) }
        #expect(row?.0 == .min)
        #expect(row?.1 == "a\0é")
        #expect(row?.2 == [0, 255])
        #expect(row?.3 == true)
        #expect(row?.4 == true)
    }

    @Test func aTransactionThatThrowsLeavesNothing() throws {
        let database = try open()
        #expect(throws: Stop.here) {
            try database.transaction { () throws(Stop) in
                _ = try? database.run("INSERT INTO t VALUES (1, 'x')")
                throw .here
            } failing: { _ in
                .sqlite
            }
        }
        #expect(try database.first("SELECT count(*) FROM t") { $0.integer(0) } == 0)
        #expect(try database.run("INSERT INTO t VALUES (1, 'x'), (2, 'y')") == 2)
    }

    @Test func strictTablesHoldTheirTypes() throws {
        let database = try open()
        #expect {
            try database.run("INSERT INTO t VALUES (1, x'00')")
        } throws: { ($0 as? SQLiteError)?.kind == .constraint }
    }

    @Test func theSchemaCannotBeWrittenByHand() throws {
        let database = try open()
        try database.script("PRAGMA writable_schema=ON")
        #expect(throws: SQLiteError.self) { try database.run("UPDATE sqlite_schema SET sql = ''") }
        #expect(try database.first("PRAGMA trusted_schema") { $0.integer(0) } == 0)
        #expect(try database.first("PRAGMA foreign_keys") { $0.integer(0) } == 1)
        #expect(try database.first("PRAGMA synchronous") { $0.integer(0) } == 2)
        #expect(try database.first("PRAGMA secure_delete") { $0.integer(0) } == 1)
    }

    @Test func aCheckpointEmptiesTheLogAndWaitsForNobody() throws {
        let database = try open()
        try database.run("INSERT INTO t VALUES (1, 'x')")
        func logSize() -> Int {
            (try? FileManager.default.attributesOfItem(atPath: "\(path)-wal")[.size] as? Int) ?? -1
        }
        #expect(logSize() > 0)
        let reader = try open()
        try reader.script("BEGIN; SELECT * FROM t")
        try database.run("INSERT INTO t VALUES (2, 'y')")
        let time = ContinuousClock().measure { #expect(!database.checkpoint()) }
        #expect(time < .seconds(1))
        #expect(logSize() > 0)
        try reader.script("COMMIT")
        #expect(database.checkpoint())
        #expect(logSize() == 0)
        #expect(try reader.first("SELECT count(*) FROM t") { $0.integer(0) } == 2)
    }

    /// The log's bytes (sqlite.org/fileformat2.html#walformat).
    private var log: [UInt8] { FileManager.default.contents(atPath: "\(path)-wal").map { Array($0) } ?? [] }

    /// The number of pages in the log since its last restart.
    private func logPages() -> Int {
        let log = log
        guard log.count > 32, log[0] == 0x37 else { return 0 }
        return stride(from: 32, to: log.count, by: 24 + 4096).prefix { log[$0 + 8..<$0 + 16] == log[16..<24] }.count
    }

    @Test func aCommitThatFindsTheLogLongCutsItOff() throws {
        let database = try open()
        var emptied = 0
        for number in 0..<200 {
            // Each write uses its own connection, like a separate process.
            let before = logPages()
            try (number % 2 == 0 ? database : open()).run("INSERT INTO t VALUES (?, 'x')", [.integer(Int64(number))])
            if log.isEmpty { emptied += 1 } else { #expect(logPages() > before && logPages() < 80) }
        }
        #expect(emptied >= 3)
        #expect(try open().first("SELECT count(*) FROM t") { $0.integer(0) } == 200)
        for end in ["-wal", ""] {
            try #require(FileManager.default.fileExists(atPath: path + end))
            try? FileManager.default.removeItem(atPath: "\(path)-copy\(end)")
            try FileManager.default.copyItem(atPath: path + end, toPath: "\(path)-copy\(end)")
        }
        let copy = try Connection(path: "\(path)-copy")
        #expect(try copy.first("SELECT count(*) FROM t") { $0.integer(0) } == 200)
        #expect(try copy.first("PRAGMA integrity_check") { $0.text(0) } == "ok")
        // A reader in the way is not a failure, and causes no wait.
        let reader = try open()
        try reader.script("BEGIN; SELECT * FROM t")
        let time = try ContinuousClock().measure {
            for number in 200..<400 { try database.run("INSERT INTO t VALUES (?, 'x')", [.integer(Int64(number))]) }
        }
        #expect(time < .seconds(4) && logPages() > 80)
        try reader.script("COMMIT")
        try database.run("INSERT INTO t VALUES (400, 'x')")
        #expect(log.isEmpty)
        #expect(try database.first("SELECT count(*) FROM t") { $0.integer(0) } == 401)
    }

    @Test func whatWasDeletedIsGoneFromTheLogAfterACheckpoint() throws {
        let database = try open()
        try database.run("INSERT INTO t VALUES (1, 'something that must go')")
        let isThere = { (bytes: [UInt8]) in Data(bytes).range(of: Data("something that must go".utf8)) != nil }
        #expect(isThere(log))
        try database.run("DELETE FROM t")
        #expect(database.checkpoint())
        #expect(!isThere(log) && !isThere(FileManager.default.contents(atPath: path).map { Array($0) } ?? []))
    }

    @Test func aConnectionThatLastsCopiesALongerLogBackAndLetsItKeepItsPlace() throws {
        _ = try open()
        let database = try Connection(path: path, isPersistent: true)
        var (longest, size) = (0, 0)
        for number in 0..<1100 {
            try database.run("INSERT INTO t VALUES (?, 'x')", [.integer(Int64(number))])
            longest = max(longest, logPages())
            #expect(log.count >= size)
            size = log.count
        }
        #expect(longest >= 200 && longest < 300 && logPages() < longest)
        // A new connection ignores the old frames after the restart of the log.
        #expect(try open().first("SELECT count(*) FROM t") { $0.integer(0) } == 1100)
        // A process that truncates the log makes it restart for this connection too.
        #expect(try open().checkpoint())
        #expect(log.isEmpty)
        try database.run("INSERT INTO t VALUES (1100, 'x')")
        #expect(try open().first("SELECT count(*) FROM t") { $0.integer(0) } == 1101)
    }

    @Test func aLogThatGrewVeryLongIsCutShort() throws {
        _ = try open()
        let database = try Connection(path: path, isPersistent: true)
        let reader = try open()
        try reader.script("BEGIN; SELECT * FROM t")
        for number in 0..<40 { try database.run("INSERT INTO t VALUES (?, zeroblob(300000) || '')", [.integer(Int64(number))]) }
        #expect(log.count > 8 << 20)
        try reader.script("COMMIT")
        for number in 40..<42 { try database.run("INSERT INTO t VALUES (?, 'x')", [.integer(Int64(number))]) }
        #expect(log.count <= 8 << 20)
    }

    @Test func whatIsReadBetweenIsOfOneMoment() throws {
        let database = try open()
        let count = { try database.first("SELECT count(*) FROM t") { $0.integer(0) } }
        try database.beginReading()
        #expect(try count() == 0)
        let other = try open()
        try other.run("INSERT INTO t VALUES (1, 'x')")
        #expect(try count() == 0)
        database.endReading()
        #expect(try count() == 1)
        database.endReading()
        // A write ends the read, and waits for other writers as always.
        try database.beginReading()
        #expect(try count() == 1)
        try other.run("INSERT INTO t VALUES (2, 'y')")
        try database.run("INSERT INTO t VALUES (3, 'z')")
        #expect(try count() == 3 && other.first("SELECT count(*) FROM t") { $0.integer(0) } == 3)
    }

    @Test func aLogThatCouldNotBeCutOffIsCutOffLater() throws {
        let database = try open()
        let reader = try open()
        try reader.script("BEGIN; SELECT * FROM t")
        try database.run("INSERT INTO t VALUES (1, 'x')")
        database.copyLogBackBesideOthers()
        #expect(!database.checkpoint() && log.count > 0)
        try reader.script("COMMIT")
        for number in 2..<200 where log.count > 0 { try database.run("INSERT INTO t VALUES (?, 'x')", [.integer(Int64(number))]) }
        #expect(log.count == 0)
    }

    @Test func anErrorTellsTheStatementAndNotTheValues() throws {
        let database = try open()
        do throws(SQLiteError) {
            try database.run("INSERT INTO nowhere VALUES (?)", [.text("secret")])
            Issue.record("there is such a table")
        } catch {
            #expect(error.description.contains("INSERT INTO nowhere VALUES (?)"))
            #expect(!error.description.contains("secret"))
        }
    }
}
