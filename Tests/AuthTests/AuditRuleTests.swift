// The audit log: one row for each event that an operator may have to explain; rows never change.

import Cryptography
import Foundation
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct AuditRuleTests {
    private let service = Service()
    /// How many rows of a kind one clean-up deletes.
    private let most = Policy.rowsPerCleanUp * Int64(Database.cleanUpFactor)

    /// Every row as `event user? subject? detail client request`, oldest first.
    private func rows() throws -> [String] {
        try service.database().all(
            """
            SELECT event, user_id IS NOT NULL, subject_id IS NOT NULL, detail, client, request_id
            FROM audit_events ORDER BY sequence
            """
        ) { row in
            "\(row.text(0)) \(row.integer(1)) \(row.integer(2)) \(row.optionalText(3) ?? "-") \(row.text(4)) \(row.text(5))"
        }
    }

    @Test func aWholeStoryHasARowForEachStep() throws {
        _ = try service.auth.sendCode(to: ann)
        #expect(refusal { try service.auth.verifyCode(try service.wrongCode(), for: ann) } == "invalidCode")
        let code = try service.code()
        let first = try service.auth.verifyCode(code, for: ann)
        #expect(refusal { try service.auth.verifyCode(code, for: ann) } == "invalidCode")
        service.address = "2001:DB8::1"
        let second = try service.auth.refreshToken(first.refreshToken, of: first.user.text)
        _ = try service.auth.refreshToken(first.refreshToken, of: first.user.text)
        #expect(refusal { try service.auth.refreshToken(second.refreshToken, of: UUID.random().text) } == "invalidRefreshToken")
        service.wait(.seconds(31))
        #expect(refusal { try service.auth.refreshToken(first.refreshToken, of: first.user.text) } == "invalidRefreshToken")
        #expect(refusal { try service.auth.refreshToken(second.refreshToken, of: first.user.text) } == "invalidRefreshToken")
        service.address = "192.0.2.7"
        service.wait(.minutes(1))
        let again = try service.signIn()
        let user = try service.auth.user(bearing: again.accessToken)
        let project = try #require(try service.auth.account(of: user).projects.first?.id)
        let key = try service.makeKey(project, user)
        for _ in 0..<2 { _ = try service.auth.deleteAPIKey(key.key.id, in: project, by: user) }
        for _ in 0..<2 { try service.auth.revokeToken(again.refreshToken) }
        #expect(
            try rows() == [
                "sign-in-failed 0 1 code 192.0.2.7 request",
                "sign-in 1 1 first 192.0.2.7 request",
                "sign-in-failed 0 1 code 192.0.2.7 request",
                "refresh 1 1 - 2001:db8::1 request",
                "refresh 1 1 again 2001:db8::1 request",
                "refresh-failed 0 0 unknown 2001:db8::1 request",
                "replay 1 1 - 2001:db8::1 request",
                "refresh-failed 1 1 ended 2001:db8::1 request",
                "sign-in 1 1 - 192.0.2.7 request",
                "key-created 1 1 - 192.0.2.7 request",
                "key-deactivated 1 1 - 192.0.2.7 request",
                "revocation 1 1 - 192.0.2.7 request",
            ])
    }

    @Test func aDeactivatedAccountsAttemptsAreThereToo() throws {
        let grant = try service.signIn()
        try service.sql("UPDATE users SET is_active = 0")
        service.wait(.minutes(1))
        #expect(refusal { try service.signIn() } == "accountInactive")
        #expect(refusal { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) } == "accountInactive")
        #expect(
            try rows().suffix(2) == [
                "sign-in-refused 1 0 - 192.0.2.7 request", "refresh-failed 1 1 deactivated 192.0.2.7 request",
            ])
    }

    @Test func noRowHoldsAnAddressOfMail() throws {
        _ = try service.signIn()
        #expect(refusal { try service.auth.verifyCode("123456", for: bob) } == "invalidCode")
        for _ in 0..<2 { _ = try? service.auth.sendCode(to: ann) }
        #expect(try service.number("SELECT count(*) FROM audit_events") ?? 0 >= 3)
        for row in try rows() { #expect(!row.contains("@") && !row.contains("ann"), "\(row)") }
    }

    /// All SQL is in Records. `append` adds a row, and `deleteOld` deletes rows.
    @Test func noStatementChangesARowOrDeletesOneThatIsNotOld() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/Store/Records")
        var statements: [String] = []
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /(\w+(?: \w+)*) audit_events\b/) { statements.append(String(match.1)) }
        }
        let kinds = Set(statements.map { $0.split(separator: " ").suffix(2).joined(separator: " ") })
        #expect(statements.contains("INSERT INTO") && statements.contains("DELETE FROM"))
        #expect(kinds.allSatisfy { $0.hasSuffix("FROM") || $0 == "INSERT INTO" }, "\(kinds)")
        #expect(statements.count { $0 == "DELETE FROM" } == 1 && statements.count { $0 == "INSERT INTO" } == 1)
    }

    @Test func rowsFromAClockThatWasAheadDoNotKeepOldOnes() throws {
        let start = service.time.milliseconds
        try service.sql(
            """
            CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < \(2 * most)) SELECT i FROM n;
            INSERT INTO audit_events (at, event, client, request_id) SELECT \(start + 9_000_000_000), 'sign-in', 'ahead', '' FROM n;
            INSERT INTO audit_events (at, event, client, request_id) SELECT \(start - 9_000_000_000), 'sign-in', 'old', '' FROM n;
            """)
        _ = try service.recipients()
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE client = 'old'") == most)
        _ = try service.recipients()
        #expect(try service.number("SELECT count(*) FROM audit_events") == 2 * most)
    }

    @Test func whatWasUndoneLeftNoRow() throws {
        let database = try service.database()
        let auth = service.auth
        #expect(
            refusal {
                try database.write { () throws(AuthError) in
                    try auth.record(AuditEvent(.signIn), in: database)
                    throw .failure(reason: "fault")
                }
            } == "failure")
        #expect(try rows() == [])
    }

    @Test func theCleanUpTakesSoManyOldRowsOfEachKindARun() throws {
        let day: Int64 = 86_400_000
        let start = service.time.milliseconds
        _ = try service.signIn()
        try service.sql(
            """
            CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < \(5 * most / 2)) SELECT i FROM n;
            INSERT INTO audit_events (at, event, client, request_id) SELECT \(start - 91 * day), 'sign-in', '', '' FROM n;
            INSERT INTO limit_counts SELECT 'send-ip', i, 0, \(start - 1), 1, 0 FROM n;
            INSERT INTO known_networks SELECT i || '@example.com', '192.0.2.1', \(start - 31 * day) FROM n;
            INSERT INTO challenges (email, user_id, id, code_hash, attempts, created_at, expires_at, mailed_at)
                SELECT i || '@example.com', x'', randomblob(16), '', 0, 0, \(start - 1), 0 FROM n;
            INSERT INTO sessions (id, user_id, generation, rotated_at, created_at, expires_at)
                SELECT randomblob(16), (SELECT id FROM users), 1, 0, 0, \(start - 1) FROM n;
            """)
        let mailer = Mailer(
            from: Mailbox(name: "L", address: try Email("l@example.com")), templates: .builtIn,
            transport: .maildir(service.state.mailPath))
        func old() throws -> [Int64?] {
            [
                try service.number("SELECT count(*) FROM audit_events WHERE request_id = ''"),
                try service.number("SELECT count(*) FROM limit_counts WHERE began_at = 0"),
                try service.number("SELECT count(*) FROM known_networks WHERE network = '192.0.2.1'"),
                try service.number("SELECT count(*) FROM challenges WHERE code_hash = ''"),
                try service.number("SELECT count(*) FROM sessions WHERE created_at = 0"),
            ]
        }
        // This test's own sign-in is the newest row and was inserted first; it stays.
        try service.sql("DELETE FROM audit_events WHERE request_id = 'request'")
        for left in [3 * most / 2, most / 2, 0] {
            try service.auth.deliverMail(by: mailer) { _ in }
            #expect(try old() == Array(repeating: left, count: 5))
        }
        #expect(try service.number("SELECT count(*) FROM sessions") == 1)
        #expect(try service.number("SELECT count(*) FROM known_networks") == 1)
        #expect(try service.number("SELECT count(*) FROM limit_counts") ?? 0 > 0)
    }
}
