// A connection that is cut at each message of a transaction: what is told agrees with what the server has.

import Platform
import PostgreSQL
import Testing

@Suite struct CutConnectionTests {
    /// Messages of a transaction in which each statement is new: BEGIN; Parse, Describe or Sync … of two statements; COMMIT.
    private static let mostMessages = 40

    @Test(arguments: CuttingProxy.Moment.allCases, [false, true])
    func whateverMessageIsCutNothingHappensTwice(_ moment: CuttingProxy.Moment, isPooled: Bool) throws {
        let (direct, address) = try Cluster.notes()
        let folder = Cluster.address.split(separator: " ").first { $0.hasPrefix("host=") }!.dropFirst(5)
        var unknown = 0
        var successes = 0
        for cutAt in 1...CutConnectionTests.mostMessages {
            let proxy = try CuttingProxy(to: String(folder), cutAt: cutAt, moment)
            defer { proxy.close() }
            let before = try position(direct)
            // The session's own first statement may be the one that is cut.
            guard let connection = try? Connection(to: "\(address) host=\(proxy.host)", isPooled: isPooled) else { continue }
            var hasCommitted = true
            do throws(PostgreSQLError) {
                try transaction(on: connection) { () throws(PostgreSQLError) in
                    try connection.run("UPDATE notes SET position = position + $1 WHERE id = $2", [.integer(1), .blob([1])])
                    try connection.run("UPDATE notes SET position = position + $1 WHERE id = $2", [.integer(-1), .blob([2])])
                }
                successes += 1
            } catch {
                #expect(error.kind == .unknownOutcome, "message \(cutAt): \(error.description)")
                unknown += 1
                hasCommitted = moment == .answer
            }
            // The server ends a transaction whose client is gone; then the outcome is there to see.
            #expect(try position(direct) == before + (hasCommitted ? 1 : 0), "message \(cutAt)")
            guard proxy.hasCut else {
                #expect(unknown == 1)
                #expect(successes > 4)
                return
            }
        }
        Issue.record("a transaction had more messages than \(CutConnectionTests.mostMessages)")
    }

    private func position(_ connection: Connection) throws -> Int64 {
        try connection.first("SELECT position FROM notes WHERE id = $1 FOR UPDATE", [.blob([1])]) { $0.integer(0) }!
    }
}
