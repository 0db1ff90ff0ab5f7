// Statements, values and transactions on a real server.

import Platform
import PostgreSQL
import Testing

@Suite struct PostgreSQLConnectionTests {
    @Test(arguments: [false, true])
    func valuesComeBackAsTheyWereBound(isPooled: Bool) throws {
        let (connection, _) = try Cluster.notes(isPooled: isPooled)
        let numbers: [Int64?] = [0, 1, -1, 127, 128, 255, 256, -129, .max, .min, nil]
        let texts: [String?] = ["", "a", "ä€𝄞", "'; DROP TABLE notes; --", "\u{1}\n\t\\", nil]
        let blobs: [[UInt8]] = [[], [0], [0, 255, 0], Array(0...255)]
        for (index, number) in numbers.enumerated() {
            for (other, text) in texts.enumerated() {
                let id: [UInt8] = [9, UInt8(index), UInt8(other)]
                let word = text.map { "\(index)\($0)" }
                let blob = blobs[(index + other) % blobs.count]
                try connection.run(
                    "INSERT INTO notes (id, word, data, position) VALUES ($1, $2, $3, $4)",
                    [.blob(id), .optional(word), .blob(blob), .optional(number)])
                let found = try connection.first("SELECT id, word, data, position FROM notes WHERE id = $1", [.blob(id)]) {
                    (
                        id: $0.blob(0), word: $0.optionalText(1), data: $0.blob(2), position: $0.optionalInteger(3),
                        isNull: $0.isNull(3)
                    )
                }
                #expect(found?.id == id)
                #expect(found?.word == word)
                #expect(found?.data == blob)
                #expect(found?.position == number)
                #expect(found?.isNull == (number == nil))
            }
        }
    }

    @Test func integersOfAllWidthsAndTruthValuesAreRead() throws {
        let (connection, _) = try Cluster.notes()
        let found = try connection.first(
            "SELECT CAST(-3 AS SMALLINT), CAST(70000 AS INTEGER), CAST(-70000 AS BIGINT), true, false, CAST(NULL AS BIGINT), count(*) FROM notes"
        ) { row in (0..<7).map { row.integer(Int32($0)) } }
        #expect(found == [-3, 70000, -70000, 1, 0, 0, 2])
    }

    @Test(arguments: [false, true])
    func aPlaceholderThatWasFirstNullTakesLargeNumbersLater(isPooled: Bool) throws {
        let (connection, _) = try Cluster.notes(isPooled: isPooled)
        func count(_ value: Int64?) throws -> Int64? {
            try connection.first("SELECT $1 - 1", [.optional(value)]) { $0.optionalInteger(0) } ?? nil
        }
        #expect(try count(nil) == nil)
        #expect(try count(9_000_000_000_000) == 8_999_999_999_999)
    }

    @Test func whatAStatementChangedIsCounted() throws {
        let (connection, _) = try Cluster.notes()
        #expect(try connection.run("UPDATE notes SET position = 7") == 2)
        #expect(try connection.run("UPDATE notes SET position = 8 WHERE id = $1", [.blob([1])]) == 1)
        #expect(try connection.run("SELECT 1 FROM notes") == 0)
        #expect(try connection.run("INSERT INTO notes (id) VALUES ($1)", [.blob([3])]) == 1)
        let ids = try connection.all("DELETE FROM notes RETURNING id") { $0.blob(0) }
        #expect(ids.count == 3)
        #expect(connection.changeCount == 7)
        #expect(try connection.first("SELECT id FROM notes") { $0.blob(0) } == nil)
    }

    @Test func aListEndsAtItsLimit() throws {
        let (connection, _) = try Cluster.notes()
        #expect(try connection.all("SELECT word FROM notes ORDER BY word", limit: 1) { $0.text(0) } == ["one"])
        #expect(try connection.all("SELECT word FROM notes ORDER BY word") { $0.text(0) } == ["one", "two"])
    }

    @Test(arguments: [false, true])
    func textWithNULIsRefusedAndTheConnectionWorksOn(isPooled: Bool) throws {
        let (connection, _) = try Cluster.notes(isPooled: isPooled)
        let error = #expect(throws: PostgreSQLError.self) {
            try connection.run("UPDATE notes SET word = $1", [.text("a\0b")])
        }
        #expect(error?.kind == .other)
        #expect(try connection.run("UPDATE notes SET position = 1") == 2)
    }

    @Test func aTransactionIsDoneWholeOrNotAtAll() throws {
        let (connection, address) = try Cluster.notes()
        let other = try Connection(to: address)
        func words() throws -> [String] { try other.all("SELECT word FROM notes ORDER BY word") { $0.text(0) } }
        #expect(throws: Refusal.self) {
            try connection.transaction({ _ in }) { (_) throws(Refusal) in
                _ = try? connection.run("DELETE FROM notes")
                throw Refusal()
            } failing: { _ in
                Issue.record("no statement failed")
                return Refusal()
            }
        }
        #expect(try words() == ["one", "two"])
        _ = try transaction(on: connection) { () throws(PostgreSQLError) in
            try connection.run("DELETE FROM notes WHERE word = $1", [.text("one")])
        }
        #expect(try words() == ["two"])
    }

    @Test func aTransactionThatIgnoresAFailedStatementDoesNotCommit() throws {
        let (connection, _) = try Cluster.notes()
        let error = #expect(throws: PostgreSQLError.self) {
            try transaction(on: connection) { () throws(PostgreSQLError) in
                try connection.run("DELETE FROM notes WHERE word = 'one'")
                _ = try? connection.run("INSERT INTO notes (id) VALUES ($1)", [.blob([2])])
            }
        }
        // A key that is taken: the next run sees who took it.
        #expect(error?.kind == .conflict)
        #expect(error?.state == "23505")
        #expect(try connection.first("SELECT count(*) FROM notes") { $0.integer(0) } == 2)
    }

    @Test func anErrorNamesTheStatementAndNoValue() throws {
        let (connection, _) = try Cluster.notes()
        let error = #expect(throws: PostgreSQLError.self) {
            try connection.run("INSERT INTO notes (id, word) VALUES ($1, $2)", [.blob([7]), .text("two")])
        }
        #expect(
            error?.description
                == #"postgresql 23505: duplicate key value violates unique constraint "notes_word_key" in: INSERT INTO notes (id, word) VALUES ($1, $2)"#
        )
    }

    @Test func readsSeeOneSnapshotUntilTheyEnd() throws {
        let (connection, address) = try Cluster.notes()
        let other = try Connection(to: address)
        let first = try connection.beginReading("SELECT count(*) FROM notes") { $0.integer(0) }
        #expect(first == 2)
        #expect(connection.isInTransaction)
        try other.run("DELETE FROM notes")
        #expect(try connection.first("SELECT count(*) FROM notes") { $0.integer(0) } == 2)
        connection.endReading()
        #expect(!connection.isInTransaction)
        #expect(try connection.first("SELECT count(*) FROM notes") { $0.integer(0) } == 0)
    }

    @Test func aReadTransactionEndsBeforeAWritingOne() throws {
        let (connection, _) = try Cluster.notes()
        _ = try connection.beginReading("SELECT 1") { _ in }
        _ = try transaction(on: connection) { () throws(PostgreSQLError) in try connection.run("DELETE FROM notes") }
        #expect(try connection.first("SELECT count(*) FROM notes") { $0.integer(0) } == 0)
    }

    @Test func eachSessionWaitsForTheDisk() throws {
        let address = try Cluster.newDatabase()
        let name = address.split(separator: "=").last!
        try Connection(to: address).script("ALTER ROLE latchkey IN DATABASE \(name) SET synchronous_commit = off")
        for isPooled in [false, true] {
            let connection = try Connection(to: address, isPooled: isPooled)
            let setting = try transaction(on: connection) { () throws(PostgreSQLError) in
                try connection.first("SELECT current_setting('synchronous_commit')") { $0.text(0) }
            }
            #expect(setting == "on")
        }
    }

    @Test func aServerThatDoesNotAnswerIsATemporaryFailureWithoutAPassword() {
        let error = #expect(throws: PostgreSQLError.self) {
            try Connection(to: "host=/nonexistent user=latchkey password=secret-word")
        }
        #expect(error?.kind == .temporary)
        #expect(error?.description.contains("/nonexistent") == true)
        #expect(error?.description.contains("secret-word") == false)
        #expect(error?.description.contains("\n") == false)
    }

    /// The answer to the read's COMMIT has not been taken yet when the next statements go out together.
    @Test func whatFollowsAnEndedReadIsNotDisturbed() throws {
        let (connection, _) = try Cluster.notes()
        for _ in 0..<3 {
            #expect(try connection.beginReading("SELECT 1") { $0.integer(0) } == 1)
            #expect(try connection.first("SELECT position FROM notes WHERE word = $1", [.text("one")]) { $0.integer(0) } == 1)
            connection.endReading()
            let found = try connection.first(
                after: "SELECT 7::bigint", { $0.integer(0) }, "SELECT position FROM notes WHERE word = $1", [.text("two")]
            ) { $0.integer(0) }
            #expect(found.before == 7 && found.row == -2)
        }
    }

    /// Statements for their effect go out with the next one, or with COMMIT, in their order; an error rolls all of it back.
    @Test func queuedStatementsAreOfTheirTransaction() throws {
        let (connection, _) = try Cluster.notes()
        func position() throws -> Int64? {
            try connection.first("SELECT position FROM notes WHERE word = $1", [.text("one")]) { $0.integer(0) }
        }
        try transaction(on: connection) { () throws(PostgreSQLError) in
            try connection.queue("UPDATE notes SET position = position + $1", [.integer(10)])
            let seen = try connection.first("SELECT position FROM notes WHERE word = 'one'") { $0.integer(0) }
            #expect(seen == 11)
            try connection.queue("UPDATE notes SET position = position * $1", [.integer(2)])
        }
        #expect(try position() == 22)
        let changes = connection.changeCount
        #expect(changes == 4)
        do throws(PostgreSQLError) {
            try transaction(on: connection) { () throws(PostgreSQLError) in
                try connection.queue("UPDATE notes SET position = 0", [])
                try connection.queue("UPDATE notes SET position = 1 / position", [])
            }
            Issue.record("a division by zero was committed")
        } catch {
            #expect(error.state == "22012" && error.kind == .other)
        }
        #expect(try position() == 22)
    }
}
