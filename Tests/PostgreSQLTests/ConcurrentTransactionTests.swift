// Two transactions at once, and connections that end.

import Dispatch
import Foundation
import Platform
import PostgreSQL
import Synchronization
import Testing

@Suite struct ConcurrentTransactionTests {
    /// Ends the server's side of `connection`.
    private func cut(_ connection: Connection, from other: Connection) throws {
        let id = try connection.first("SELECT pg_backend_pid()") { $0.integer(0) }!
        try other.run("SELECT pg_terminate_backend(CAST($1 AS INTEGER))", [.integer(id)])
        while try other.first("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [.integer(id)], { _ in true }) != nil {}
    }

    @Test func aDeadlockRunsOneOfTheTwoAgain() throws {
        let (_, address) = try Cluster.notes()
        let runs = Mutex(0)
        let (met, other) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let group = DispatchGroup()
        for isFirst in [true, false] {
            DispatchQueue.global().async(group: group) {
                do {
                    let connection = try Connection(to: address)
                    try connection.script("SET deadlock_timeout = '50ms'")
                    var isFirstRun = true
                    try transaction(on: connection) { () throws(PostgreSQLError) in
                        runs.withLock { $0 += 1 }
                        try connection.run("UPDATE notes SET position = position + 10 WHERE id = $1", [.blob([isFirst ? 1 : 2])])
                        if isFirstRun {
                            isFirstRun = false
                            (isFirst ? met : other).signal()
                            (isFirst ? other : met).wait()
                        }
                        try connection.run("UPDATE notes SET position = position + 10 WHERE id = $1", [.blob([isFirst ? 2 : 1])])
                    }
                } catch {
                    Issue.record(error)
                }
            }
        }
        group.wait()
        let positions = try Connection(to: address).all("SELECT position FROM notes ORDER BY id") { $0.integer(0) }
        #expect(positions == [21, 18])
        #expect(runs.withLock { $0 } == 3)
    }

    @Test func whatKeepsConflictingIsGivenUpAfterFiveRuns() throws {
        let (connection, _) = try Cluster.notes()
        try connection.script(
            """
            CREATE FUNCTION refuse() RETURNS BIGINT LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '40001'; END $$
            """)
        var runs = 0
        let error = #expect(throws: PostgreSQLError.self) {
            try transaction(on: connection) { () throws(PostgreSQLError) in
                runs += 1
                try connection.run("SELECT refuse()")
            }
        }
        #expect(error?.kind == .conflict)
        #expect(runs == 5)
    }

    @Test func aLockThatIsNotFreeInTimeIsATemporaryFailure() throws {
        let (connection, address) = try Cluster.notes()
        let other = try Connection(to: address)
        try other.script("BEGIN; LOCK TABLE notes")
        let start = Date()
        let error = #expect(throws: PostgreSQLError.self) {
            try transaction(on: connection, lockTimeout: 100) { () throws(PostgreSQLError) in
                try connection.run("DELETE FROM notes")
            }
        }
        #expect(error?.kind == .temporary)
        #expect(Date().timeIntervalSince(start) < 3)
        try other.script("ROLLBACK")
    }

    @Test func aConnectionThatEndedIsMadeAnewOnceAndTheTransactionRunsAgain() throws {
        let (connection, address) = try Cluster.notes()
        let other = try Connection(to: address)
        var runs = 0
        try transaction(on: connection) { () throws(PostgreSQLError) in
            runs += 1
            try connection.run("UPDATE notes SET position = position + 1")
            if runs == 1 { try? cut(connection, from: other) }
            try connection.run("UPDATE notes SET position = position + 1")
        }
        #expect(runs == 2)
        #expect(try other.all("SELECT position FROM notes ORDER BY id") { $0.integer(0) } == [3, 0])
        let setting = try transaction(on: connection) { () throws(PostgreSQLError) in
            try connection.first("SELECT current_setting('synchronous_commit')") { $0.text(0) }
        }
        #expect(setting == "on")
    }

    @Test func aConnectionThatEndsTwiceFails() throws {
        let (connection, address) = try Cluster.notes()
        let other = try Connection(to: address)
        var runs = 0
        let error = #expect(throws: PostgreSQLError.self) {
            try transaction(on: connection) { () throws(PostgreSQLError) in
                runs += 1
                try? cut(connection, from: other)
                try connection.run("UPDATE notes SET position = position + 1")
            }
        }
        #expect(error?.kind == .disconnected)
        #expect(runs == 2)
        #expect(try other.all("SELECT position FROM notes ORDER BY id") { $0.integer(0) } == [1, -2])
    }
}
