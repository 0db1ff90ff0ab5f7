// The database: the first process that needs it creates it; a foreign database stays unchanged.

import Foundation
import Platform
import SQL
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

func openDatabase(in path: String) throws -> Database {
    try Auth(policy: Policy(), store: TestDatabase.location(of: try StateFolder(at: path)), client: someone).database()
}

func writeOnce(in database: Database) throws(AuthError) {
    _ = try database.write { () throws(AuthError) in
        try Counter.add(to: "test", detail: "", in: database)
    }
}

@Suite final class DatabaseTests {
    private let path = temporaryPath()

    deinit {
        TestDatabase.remove(of: path)
        removeFolder(path)
    }

    private func open() throws -> Database { try openDatabase(in: path) }

    @Test func manyFirstUsesMakeOneDatabase() async throws {
        let path = path
        let results = await together(12) {
            refusal {
                let auth = Auth(
                    policy: Policy(), store: TestDatabase.location(of: try StateFolder(at: path)), client: someone)
                return try auth.database().first("SELECT count(*) FROM users") { $0.integer(0) }
            }
        }
        #expect(results == [String](repeating: "none", count: 12))
        #expect(try TestDatabase.schemaNumber(in: path) == 9)
    }

    @Test func whatIsReadTogetherIsOfOneMoment() throws {
        let database = try open()
        let other = try open()
        func count() throws -> Int64? { try database.first("SELECT count(*) FROM counters") { $0.integer(0) } }
        func add(_ name: String) throws {
            try other.run("INSERT INTO counters (event, detail, count) VALUES ($1, '', 1)", [.text(name)])
        }
        let counts = try database.read { () throws(AuthError) -> [Int64?] in
            do {
                let first = try count()
                try add("a")
                // A nested read uses the same transaction.
                let second = try database.read { () throws(AuthError) in
                    try database.first("SELECT count(*) FROM counters") { $0.integer(0) }
                }
                return [first, second]
            } catch {
                return []
            }
        }
        #expect(counts == [0, 0])
        #expect(try count() == 1)
        try database.write { () throws(AuthError) in
            _ = try database.read { () throws(AuthError) in 0 }
            try database.run("INSERT INTO counters (event, detail, count) VALUES ('b', '', 1)")
        }
        #expect(try count() == 2)
    }

    @Test func aNewerDatabaseIsLeftAlone() throws {
        _ = try open()
        try TestDatabase.setSchemaNumber(99, in: path)
        #expect(refusal { try open() } == "unavailable")
    }

    @Test func aRefusalUndoesItsTransaction() throws {
        let database = try open()
        #expect(
            refusal {
                try database.write { () throws(AuthError) -> Void in
                    _ = try User.create(email: "ann@example.com", at: .now, in: database)
                    throw .invalidCode
                }
            } == "invalidCode")
        #expect(try User.find(email: "ann@example.com", in: database) == nil)
    }

}
