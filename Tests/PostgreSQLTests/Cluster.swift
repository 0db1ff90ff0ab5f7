// Connections to databases of the cluster that Tests/Support/with-postgresql starts.

import Foundation
import Platform
import PostgreSQL

enum Cluster {
    /// How to reach the cluster, without a database's name.
    static var address: String {
        guard let address = ProcessInfo.processInfo.environment["LATCHKEY_TEST_POSTGRESQL"] else {
            fatalError("run it by Tests/Support/with-postgresql")
        }
        return address
    }

    /// A new database, and how to reach it.
    static func newDatabase() throws -> String {
        let name = "test_" + UUID.random().text.filter { $0 != "-" }
        try Connection(to: "\(address) dbname=postgres").script("CREATE DATABASE \(name)")
        return "\(address) dbname=\(name)"
    }

    /// A connection to a new database with a table `notes` (id, word, data, position).
    static func notes(isPooled: Bool = false) throws -> (connection: Connection, address: String) {
        let address = try newDatabase()
        let connection = try Connection(to: address, isPooled: isPooled)
        try connection.script(
            """
            CREATE TABLE notes (id BYTEA PRIMARY KEY, word TEXT COLLATE "C" UNIQUE, data BYTEA, position BIGINT);
            INSERT INTO notes VALUES ('\\x01', 'one', '\\x00ff', 1), ('\\x02', 'two', NULL, -2)
            """)
        return (connection, address)
    }
}

/// An error of a test's own, from the body of a transaction.
struct Refusal: Error, Equatable {}

/// Runs `body` as a transaction whose errors are PostgreSQL's own.
func transaction<T>(
    on connection: Connection, lockTimeout: Int64 = 5000, _ body: () throws(PostgreSQLError) -> T
) throws(PostgreSQLError) -> T {
    try connection.transaction({ _ in }, lockTimeout: lockTimeout) { (_) throws(PostgreSQLError) in
        try body()
    } failing: {
        $0
    }
}
