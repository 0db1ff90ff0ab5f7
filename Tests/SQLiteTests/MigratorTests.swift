// Migrations: forward, once, whole or not at all.

import Foundation
import Platform
import SQLite
import Testing

@Suite struct MigratorTests {
    let path = temporaryPath()
    let first = Migrator(running: ["CREATE TABLE a (x INTEGER) STRICT"])
    let second = Migrator(running: ["CREATE TABLE a (x INTEGER) STRICT", "ALTER TABLE a ADD COLUMN y INTEGER"])

    @Test func aDatabaseIsBroughtForwardAndNeverBack() throws {
        let database = try Connection(path: path)
        #expect(try first.state(of: database) == .older)
        try first.migrate(database)
        #expect(try first.state(of: database) == .current)
        #expect(try second.state(of: database) == .older)
        try second.migrate(database)
        #expect(try second.state(of: database) == .current)
        #expect(try first.state(of: database) == .newer)
        try database.run("INSERT INTO a (x, y) VALUES (1, 2)")
    }

    @Test func manyAtOnceMigrateOnce() async throws {
        let (path, second) = (path, second)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { try second.migrate(try Connection(path: path)) }
            }
            try await group.waitForAll()
        }
        #expect(try second.state(of: Connection(path: path)) == .current)
    }

    @Test func aScriptThatFailsLeavesNothing() throws {
        let database = try Connection(path: path)
        let broken = Migrator(running: ["CREATE TABLE a (x INTEGER) STRICT; CREATE TABLE a (x INTEGER) STRICT"])
        #expect(throws: SQLiteError.self) { try broken.migrate(database) }
        #expect(try database.first("SELECT count(*) FROM sqlite_schema") { $0.integer(0) } == 0)
        #expect(try database.first("PRAGMA user_version") { $0.integer(0) } == 0)
    }

    @Test func theJournalChangesItsMode() throws {
        let database = try Connection(path: path)
        try database.setJournalMode(.wal)
        #expect(try database.journalMode() == .wal)
        try database.setJournalMode(.delete)
        #expect(try database.journalMode() == .delete)
    }
}

extension Migrator {
    fileprivate init(running scripts: [String]) {
        self.init(count: scripts.count) { scripts[$0] }
    }
}
