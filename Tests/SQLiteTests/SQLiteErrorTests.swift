// Which errors are temporary, and the state of a connection after an error.

import Platform
import SQLite
import Testing

private func kind(_ body: () throws -> Void) -> SQLiteError.Kind? {
    do {
        try body()
        return nil
    } catch {
        return (error as? SQLiteError)?.kind
    }
}

@Suite final class SQLiteErrorTests {
    private let path = "/tmp/latchkey-sqlite-\(UUID.random().text).db"

    deinit {
        for end in ["", "-wal", "-shm", "-journal"] { File.remove(path + end) }
    }

    private func open() throws -> Connection {
        let database = try Connection(path: path)
        try database.setJournalMode(.wal)
        try database.script("CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b INTEGER REFERENCES t) STRICT")
        return database
    }

    // SQLITE_BUSY_SNAPSHOT: SQLite does not wait for it.
    @Test func anothersChangeInBetweenIsTemporary() throws {
        let (first, second) = (try open(), try open())
        try first.script("BEGIN")
        #expect(try first.first("SELECT count(*) FROM t") { $0.integer(0) } == 0)
        try second.run("INSERT INTO t VALUES (1, NULL)")
        #expect(kind { try first.run("INSERT INTO t VALUES (2, NULL)") } == .temporary)
        try first.script("ROLLBACK")
        #expect(kind { try first.run("INSERT INTO t VALUES (2, NULL)") } == nil)
    }

    @Test func aFullDatabaseIsTemporaryAndLosesNothing() throws {
        let database = try open()
        try database.run("INSERT INTO t VALUES (1, NULL)")
        try database.script("PRAGMA max_page_count=3")
        #expect(
            kind {
                try database.transaction { () throws(SQLiteError) in
                    for number in 2..<2000 { try database.run("INSERT INTO t VALUES (?, NULL)", [.integer(Int64(number))]) }
                } failing: {
                    $0
                }
            } == .temporary)
        #expect(try database.all("SELECT a FROM t") { $0.integer(0) } == [1])
        try database.script("PRAGMA max_page_count=1000")
        #expect(kind { try database.run("INSERT INTO t VALUES (2, NULL)") } == nil)
    }

    @Test func aConstraintIsNotTemporary() throws {
        let database = try open()
        try database.run("INSERT INTO t VALUES (1, NULL)")
        #expect(kind { try database.run("INSERT INTO t VALUES (1, NULL)") } == .constraint)
        #expect(kind { try database.run("INSERT INTO t VALUES (2, 9)") } == .constraint)
        #expect(kind { try database.run("INSERT INTO t VALUES (2, 'x')") } == .constraint)
        #expect(kind { try database.run("INSERT INTO t VALUES (2, 1)") } == nil)
    }

    @Test func anythingElseIsNeither() throws {
        let database = try open()
        #expect(kind { try database.run("SELEC 1") } == .other)
        #expect(kind { try database.run("SELECT 1", [.integer(1)]) } == .other)
        #expect(kind { _ = try Connection(path: "/nonexistent/folder/x.db") } == .other)
        let other = "\(path)-wal.txt"
        try File.create(other, [UInt8](repeating: 7, count: 4096))
        defer { File.remove(other) }
        #expect(kind { try Connection(path: other).run("CREATE TABLE x (a)") } == .other)
    }

    @Test func whoThrowsOutOfATransactionLeavesNoneOpen() throws {
        let (first, second) = (try open(), try open())
        #expect(
            kind {
                try first.transaction { () throws(SQLiteError) in
                    try first.run("INSERT INTO t VALUES (1, NULL)")
                    try first.run("INSERT INTO t VALUES (1, NULL)")
                } failing: {
                    $0
                }
            } == .constraint)
        #expect(kind { try second.run("INSERT INTO t VALUES (7, NULL)") } == nil)
        #expect(try first.all("SELECT a FROM t") { $0.integer(0) } == [7])
    }

    @Test func returningIsDoneBeforeItsRowIsRead() throws {
        let (first, second) = (try open(), try open())
        let made = try first.first("INSERT INTO t VALUES (1, NULL), (2, NULL) RETURNING a") { $0.integer(0) }
        #expect(made == 1)
        #expect(try second.all("SELECT a FROM t ORDER BY a") { $0.integer(0) } == [1, 2])
        #expect(try second.first("SELECT a FROM t WHERE a = 3") { $0.integer(0) } == nil)
    }
}
