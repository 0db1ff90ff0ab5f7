// SQLite's file: how it is brought forward, examined and kept. PostgreSQL has none of this: its server does it.

#if !POSTGRESQL
import Foundation
import Platform
import SQL
import Testing

@testable import Auth
@testable import Operations
@testable import Store

/// A separate thread that writes for 300 ms.
private final class Writer: @unchecked Sendable {
    private var times: [Duration] = []
    private let isDone = DispatchSemaphore(value: 0)

    init(_ path: String) {
        Thread { [self] in
            defer { isDone.signal() }
            guard let database = try? openDatabase(in: path) else { return }
            let end = Uptime.now + Duration(milliseconds: 300)
            while Uptime.now < end {
                try? writeOnce(in: database)
                times.append(Uptime.now)
            }
        }.start()
    }

    /// When each of its writes was done.
    func finish() -> [Duration] {
        isDone.wait()
        return times
    }
}

@Suite final class DatabaseFileTests {
    private let path = temporaryPath()

    deinit { removeFolder(path) }

    private func open(_ journal: JournalMode = .wal) throws -> Database {
        try Auth(policy: Policy(), store: DatabaseLocation(try StateFolder(at: path), journal: journal), client: someone)
            .database()
    }

    @Test func aDatabaseOfTheFirstReleaseIsBroughtForwardWithAllItHolds() throws {
        _ = try StateFolder(at: path).secret()
        let first = try Connection(path: "\(path)/latchkey.db")
        try first.setJournalMode(.wal)
        try Migrator(count: 1) { _ in String(decoding: PackageResources.v001_initial_sql, as: UTF8.self) }.migrate(first)
        try first.script(
            """
            INSERT INTO users VALUES (zeroblob(16), 'ann@example.com', NULL, 1, 0, 1, 0, 0, 'free', 1, 1);
            INSERT INTO projects VALUES (zeroblob(16), 'Default', 1, 1);
            INSERT INTO members VALUES (zeroblob(16), zeroblob(16), 'owner', 1);
            INSERT INTO sessions VALUES (zeroblob(16), zeroblob(16), 3, 1, 1, 9, NULL);
            INSERT INTO api_keys VALUES (1, zeroblob(16), zeroblob(16), zeroblob(16), 'sk_12345678', 'h', 'k', NULL, 5, 9, NULL, 1, 1);
            INSERT INTO challenges VALUES ('ann@example.com', zeroblob(16), 'hash', 2, 1, 9, 1, NULL);
            INSERT INTO mail_items VALUES (zeroblob(16), zeroblob(16), 'ann@example.com', 1, 9, 1, 5, 'not yet');
            """)
        let database = try open()
        #expect(try User.find(email: "ann@example.com", in: database) != nil)
        let zero = try #require(UUID([UInt8](repeating: 0, count: 16)))
        #expect(try Preferences.find(zero, in: database) == Preferences(language: nil, tellsSignIns: true, tellsKeyExpiry: true))
        #expect(try ProjectDetails.find(zero, at: .now, in: database)?.members.map(\.role) == [.owner])
        #expect(try Session.find(zero, in: database)?.generation == 3)
        #expect(try APIKey.find(zero, in: zero, database)?.lastUsedAt == Timestamp(milliseconds: 5))
        let challenge = try Challenge.find(.signIn(ann), else: CodeTerms(Policy()), in: database)
        #expect(challenge?.attempts == 2 && challenge?.codeHash == "hash" && challenge?.id == zero)
        let item = try MailItem.take(at: Timestamp(milliseconds: 6), lease: .seconds(1), in: database)
        #expect(item?.kind == .code && item?.subject == zero && item?.attempts == 2)
        #expect(try open().first("SELECT count(*) FROM audit_events") { $0.integer(0) } == 0)
        #expect(try open().first("PRAGMA user_version") { $0.integer(0) } == 9)
    }

    @Test func aTableWithAnAddedColumnKeepsItAndEveryOtherIsMadeSmaller() throws {
        _ = try StateFolder(at: path).secret()
        let scripts = [
            PackageResources.v001_initial_sql, PackageResources.v002_limits_audit_sql,
            PackageResources.v003_sessions_counters_sql, PackageResources.v004_people_sql,
            PackageResources.v005_remembered_tokens_sql, PackageResources.v006_codes_sql, PackageResources.v007_bounds_sql,
            PackageResources.v008_projects_sql,
        ]
        let old = try Connection(path: "\(path)/latchkey.db")
        try old.setJournalMode(.wal)
        try Migrator(count: 8) { String(decoding: scripts[$0], as: UTF8.self) }.migrate(old)
        try old.script(
            """
            ALTER TABLE users ADD COLUMN note TEXT; CREATE INDEX notes ON users (note);
            INSERT INTO users (id, email, is_active, is_superuser, is_verified, token_balance, tokens_used, subscription_tier,
                               created_at, updated_at, note)
                VALUES (randomblob(16), 'ann@example.com', 1, 0, 1, 0, 0, 'free', 1, 1, 'kept');
            """)
        let user = try #require(try User.find(email: "ann@example.com", in: try open()))
        try User.setTier(user.id, "gold", at: .now, in: try open())
        let database = try open()
        #expect(try database.first("SELECT note FROM users INDEXED BY notes WHERE note = 'kept'") { $0.text(0) } == "kept")
        #expect(try database.first("PRAGMA integrity_check") { $0.text(0) } == "ok")
        #expect(try database.first("SELECT sql LIKE '%CHECK%' FROM sqlite_schema WHERE name = 'users'") { $0.flag(0) } == true)
        #expect(
            try database.first("SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%CHECK%' OR type = 'trigger'") {
                $0.integer(0)
            }
                == 1)
    }

    @Test func aDeepLookFindsARowThatNoRecordWrote() throws {
        let database = try open()
        try database.write { () throws(AuthError) in
            let user = try User.create(email: "ann@example.com", language: nil, at: .now, in: database)
            try Project.create(named: "p", ownedBy: user, at: .now, in: database)
        }
        func damage() throws -> String? {
            try DatabaseExamination(ofFile: "\(path)/latchkey.db", isDeep: true).damage
        }
        #expect(try damage() == nil)
        for (statement, table) in [
            ("UPDATE members SET role = 'king'", "members"), ("UPDATE users SET is_active = 2", "users"),
        ] {
            try Connection(path: "\(path)/latchkey.db").script(statement)
            #expect(try damage() == "a row of \(table) is invalid")
            #expect(try Schema.fault(inCopy: "\(path)/latchkey.db") == "a row of \(table) is invalid")
        }
    }

    @Test func theJournalIsTheOperators() throws {
        #expect(try open(.wal).first("PRAGMA journal_mode") { $0.text(0) } == "wal")
        #expect(try open(.delete).first("PRAGMA journal_mode") { $0.text(0) } == "delete")
        #expect(try open(.wal).first("PRAGMA journal_mode") { $0.text(0) } == "wal")
    }

    @Test func aCheckpointThatReadersBlockLetsWritersGo() throws {
        try writeOnce(in: try open())
        let reader = try Connection(path: "\(path)/latchkey.db")
        /// Checkpoints while another connection reads. Returns how many others wrote in the last half of its wait.
        func writesDuringACheckpoint() throws -> Int {
            try reader.script("BEGIN; SELECT * FROM users")
            defer { try? reader.script("COMMIT") }
            let writer = Writer(path)
            let database = try open()
            Command.sleep(Duration(milliseconds: 100))
            database.checkpoint()
            let end = Uptime.now
            let half = Duration(milliseconds: StoreBounds.shortWriteWait.milliseconds / 2)
            return writer.finish().filter { $0 > end - half && $0 < end }.count
        }
        var most = 0
        for _ in 0..<20 where most < 3 { most = max(most, try writesDuringACheckpoint()) }
        #expect(most >= 3)
        // When nobody reads any more, the log is cut.
        try open().checkpoint()
        #expect(try File.status("\(path)/latchkey.db-wal")?.size == 0)
    }

    @Test func withoutAWordOfTheOperatorTheFileSystemDecides() throws {
        func open() throws -> Database {
            try Auth(policy: Policy(), store: DatabaseLocation(try StateFolder(at: path)), client: someone).database()
        }
        #expect(try open().first("PRAGMA journal_mode") { $0.text(0) } == "wal")
        #expect(try self.open(.delete).first("PRAGMA journal_mode") { $0.text(0) } == "delete")
        #expect(try open().first("PRAGMA journal_mode") { $0.text(0) } == "wal")
    }

    @Test func whatIsNoDatabaseIsAFailure() throws {
        _ = try StateFolder(at: path).secret()
        try File.create("\(path)/latchkey.db", [UInt8](repeating: 7, count: 8192))
        #expect(refusal { try open() } == "failure")
    }

    @Test func anIDOfAnotherSizeIsRefusedByTheSchema() throws {
        let database = try open()
        #expect(refusal { try database.run("INSERT INTO projects VALUES (x'00', 'n', 0, 0)") } == "failure")
        #expect(refusal { try database.run("INSERT INTO members VALUES (zeroblob(16), zeroblob(16), 'owner', 0)") } == "failure")
    }
}
#endif
