// The operator's command where the data is in PostgreSQL: what differs from SQLite's texts, and each fault of the store.

#if POSTGRESQL
import Foundation
import Platform
import TestSupport
import Testing

@testable import latchkey

@Suite struct PostgreSQLCommandTests {
    let home = Home(settings: "code_length = 8\n")

    /// The findings of doctor about the database's server, from `database` to `standbys`.
    private func storeFindings(_ run: Run) -> [String] {
        let checks = [
            "database", "schema", "store's secret", "rights", "server", "tls", "pooling", "isolation", "standbys", "integrity",
        ]
        return checks.flatMap { run.findings($0) }.map {
            $0.replacing(/PostgreSQL [0-9]+\.[0-9]+/, with: "PostgreSQL V").replacing(
                /test_[0-9a-f]{32} at \S+/, with: "DATABASE")
        }
    }

    @Test func aHealthyServiceGivesOnlyOk() {
        let home = Home()
        _ = home.admin("init")
        _ = home.signIn("ada@example.com")
        let executables = Executables(of: home)
        let run = home.admin("doctor", "--executables", executables.path, "--deep")
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.troubles == [])
        #expect(
            storeFindings(run) == [
                "ok       database: DATABASE",
                "ok       schema: 9, the one that this version uses",
                "ok       store's secret: secret.key is the one that the database belongs to",
                "ok       rights: this user may read and change every table",
                "ok       server: PostgreSQL V",
                "ok       tls: not needed: the server is on this machine",
                "ok       pooling: no pooler",
                "ok       isolation: read committed",
                "ok       standbys: none is synchronous; 0 standbys",
                "ok       integrity: every row is valid",
            ])
        #expect(run.findings("latency").count == 1 && run.findings("server's clock").count == 1)
        #expect(run.findings("signing key").first?.hasSuffix(" signs tokens and is in the key set") == true)
    }

    @Test(arguments: [
        (
            "UPDATE store_state SET schema_number = 99",
            "schema: 99 is newer than the one that this version uses "
                + "Install the version that created it. Older executables answer every request with 503."
        ),
        (
            "UPDATE store_state SET closure = 1",
            "schema: the database is closed: latchkey restore is running, or was interrupted and must be run again "
                + "Run the same command again, or, after a move, use the new database."
        ),
        (
            "UPDATE store_state SET closure = 3",
            "schema: the database is closed: latchkey store move is running, was interrupted and must be run again, "
                + "or has moved it Run the same command again, or, after a move, use the new database."
        ),
        (
            "UPDATE store_state SET secret_fingerprint = decode(repeat('00', 16), 'hex')",
            "store's secret: secret.key is not the one that the database belongs to "
                + "Copy secret.key from another machine. Until then, this machine answers every request with 503."
        ),
        (
            "DROP TABLE store_state CASCADE",
            "schema: the database has no tables of Latchkey Run latchkey init, or restore a backup."
        ),
    ])
    func eachFaultOfTheStoreIsTold(sql: String, finding: String) {
        _ = home.admin("init")
        home.sql(sql)
        let run = home.admin("doctor")
        #expect(run.code == 1)
        #expect(run.troubles.contains("fault    \(finding)"), "\(run.troubles)")
    }

    @Test func anInvalidRowIsFoundIfAsked() {
        _ = home.admin("init")
        _ = home.signIn("ada@example.com")
        home.sql("UPDATE users SET is_active = 2")
        #expect(home.admin("doctor").findings("integrity") == [])
        #expect(
            home.admin("doctor", "--deep").findings("integrity") == [
                "fault    integrity: a row of users is invalid Keep a backup, and restore the last good one."
            ])
    }

    @Test func aUserWithoutRightsIsTold() throws {
        _ = home.admin("init")
        let role = "limited_\(Foundation.UUID().uuidString.lowercased().filter { $0 != "-" })"
        home.sql(
            """
            CREATE ROLE \(role) LOGIN;
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO \(role);
            REVOKE DELETE ON sessions FROM \(role)
            """)
        defer { home.sql("DROP OWNED BY \(role); DROP ROLE \(role)") }
        let run = home.admin("doctor", variables: ["LATCHKEY_DATABASE": "\(TestDatabase.address(of: home.path)) user=\(role)"])
        #expect(
            run.findings("rights") == [
                "fault    rights: this user may not read and change the table sessions Make this user the owner of the tables."
            ], "\(run.errors)")
    }

    @Test func aServerThatDoesNotAnswerIsTold() {
        _ = home.admin("init")
        let run = home.admin("doctor", variables: ["LATCHKEY_DATABASE": "host=/nonexistent dbname=x password=hunter2"])
        #expect(run.code == 1)
        let found = run.findings("database")
        #expect(found.count == 1 && found[0].hasPrefix("fault    database: "), "\(found)")
        #expect(
            found[0].hasSuffix(
                " Check the setting database, the password in .pgpass or PGPASSWORD, pg_hba.conf, and that the server runs."))
        #expect(!(run.output + run.errors).contains("hunter2"))
    }

    @Test func aMissingSecretIsNamed() {
        _ = home.admin("init")
        home.remove("secret.key")
        #expect(
            home.admin("doctor").errors == "latchkey: state folder: the state of this installation is missing from HOME: "
                + "mount it, move it back or restore a backup; latchkey init creates a new one\n")
        #expect(
            home.admin("init").errors == "latchkey: HOME/secret.key is missing, but the database has one: "
                + "copy that of another machine, or restore a backup\n")
    }

    @Test func whatTheServerSaysIsJudged() {
        func text(_ finding: Finding) -> String {
            "\(finding.state): \(finding.found)" + (finding.advice.map { " \($0)" } ?? "")
        }
        #expect(text(Report.judgeServerVersion(130_000)) == "ok: PostgreSQL 13.0")
        #expect(text(Report.judgeServerVersion(120_022)) == "fault: PostgreSQL 12.22 is too old Use PostgreSQL 13 or newer.")
        func tls(_ mode: String, _ isEncrypted: Bool) -> String {
            text(Report.judgeTLS(isRemote: true, isEncrypted: isEncrypted, mode: mode))
        }
        let plain = "fault: the connection goes over the network without encryption Set database_tls = verify-full."
        #expect(tls("verify-full", true) == "ok: verify-full: certificate and name are checked")
        #expect(
            tls("require", true) == "warning: require: the connection does not check which server answers "
                + "Set database_tls = verify-full, with the server's CA in sslrootcert.")
        for mode in ["verify-full", "require", "prefer", "disable"] { #expect(tls(mode, false) == plain) }
        #expect(
            text(Report.judgePooling(seemsPooled: true, isSet: false)) == "fault: connections go through a pooler, "
                + "but database_pooled is no Set database_pooled = yes. Otherwise statements fail at random.")
        #expect(text(Report.judgePooling(seemsPooled: false, isSet: true)) == "ok: database_pooled = yes: no named statements")
        #expect(text(Report.judgeServerClock(Duration(milliseconds: -5000))) == "ok: -5000 ms from this machine's")
        #expect(
            text(Report.judgeServerClock(Duration(milliseconds: 5001))) == "warning: 5 s from this machine's "
                + "Synchronize both clocks. Codes, tokens and limits use the server's clock.")
        #expect(
            text(Report.judgeIsolation("serializable"))
                == "ok: serializable by default; Latchkey sets its own for each transaction")
        #expect(text(Report.judgeLatency(4999)) == "ok: 4.9 ms for one statement")
        #expect(
            text(Report.judgeLatency(5000)) == "warning: 5.0 ms for one statement "
                + "A request takes three to ten statements: run the executables nearer to the server.")
        #expect(text(Report.judgeStandbys(synchronous: "s1", count: 1)) == "ok: a commit waits for s1; 1 standby")
        #expect(
            text(Report.judgeStandbys(synchronous: "", count: 2)).hasPrefix(
                "warning: none is synchronous; 2 standbys Set synchronous_standby_names."))
        #expect(
            text(Report.judgeStandbys(synchronous: "", count: nil))
                == "ok: none is synchronous; standbys cannot be counted by this user")
    }

    @Test func initMakesAServiceOnce() {
        func steady(_ run: Run) -> String {
            run.output.replacing(/key   [A-Za-z0-9_-]{43}/, with: "key   ID").replacing(
                /test_[0-9a-f]{32} at \S+/, with: "DATABASE")
        }
        let places = """
            state folder  HOME
            settings      HOME/latchkey.conf
            secret        HOME/secret.key
            signing key   ID
            database      DATABASE

            """
        #expect(steady(home.admin("init")) == "Created a new service.\n\(places)")
        #expect(steady(home.admin("init")) == "The service exists already; nothing was changed.\n\(places)")
        #expect(home.isPrivate("secret.key"))
    }

    /// The rows of the SQLite file `path` that `sql` selects, one value each.
    private func sqlite(_ path: String, _ sql: String) -> String {
        let script = "import sqlite3, sys; print(*[row[0] for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2])])"
        return String(decoding: Program.run("python3", ["-c", script, path, sql]).output, as: UTF8.self)
    }

    @Test func aRestoreBringsBackTheBackupAndKeepsTheOldState() throws {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        try home.withBackup { file in
            let bob = home.signIn("bob@example.com")
            _ = home.admin("secret", "rotate", "--yes")
            let secret = FileManager.default.contents(atPath: "\(home.path)/secret.key")
            let run = home.admin("restore", file)
            #expect(
                run.code == 0
                    && run.output.hasPrefix("Restored 5 files; 1 session ended.\nThe old state is in HOME/before-restore-"))
            for token in [ada, bob] { #expect(home.get("current-user", token.bearer).status == 401) }
            #expect(home.get("verify-api-key", ["HTTP_X_API_KEY": key.secret]).status == 200)
            #expect(home.number("SELECT count(*) FROM users") == 1)
            #expect(home.number("SELECT count(*) FROM audit_events WHERE event = 'state-restored' AND client = 'admin'") == 1)
            home.remove("mail")
            #expect(home.signIn("ada@example.com").id == ada.id)

            let kept = try FileManager.default.contentsOfDirectory(atPath: home.path).filter { $0.hasPrefix("before-restore-") }
            #expect(kept.count == 1)
            let before = "\(home.path)/\(kept[0])"
            #expect(
                sqlite("\(before)/latchkey.db", "SELECT email FROM users ORDER BY email") == "ada@example.com bob@example.com\n")
            #expect(FileManager.default.contents(atPath: "\(before)/secret.key") == secret)
            #expect(FileManager.default.fileExists(atPath: "\(before)/keys/current"))
        }
    }

    @Test func aRestoreThatFailsLeavesTheServiceAsItWas() throws {
        let ada = home.signIn("ada@example.com")
        try home.withBackup { file in
            let whole = FileManager.default.contents(atPath: file)!
            for count in [0, 512, whole.count / 2, whole.count - 1024] {
                try whole.prefix(count).write(to: URL(filePath: file))
                #expect(home.admin("restore", file).code == 1, "\(count) bytes")
                #expect(home.get("current-user", ada.bearer).status == 200)
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: home.path)
            #expect(names.filter { $0.hasPrefix("before-restore-") || $0.hasPrefix("restoring.") } == [])
        }
    }

    @Test func anotherDatabaseIsMadeFromABackup() throws {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        home.withBackup { file in
            let other = Home()
            let run = other.admin("restore", file)
            #expect(run.code == 0 && run.output == "Restored 5 files; 1 session ended.\n", "\(run.errors)")
            #expect(other.get("verify-api-key", ["HTTP_X_API_KEY": key.secret]).status == 200)
            #expect(other.signIn("ada@example.com").id == ada.id)
            #expect(other.isPrivate("secret.key"))
        }
    }

    @Test func aLostSecretComesBackWithABackup() throws {
        let ada = home.signIn("ada@example.com")
        home.withBackup { file in
            try? Data(repeating: 1, count: 32).write(to: URL(filePath: "\(home.path)/secret.key"))
            #expect(home.get("current-user", ada.bearer).status == 503)
            let run = home.admin("restore", file)
            #expect(run.code == 0, "\(run.errors)")
            home.remove("mail")
            #expect(home.signIn("ada@example.com").id == ada.id)
        }
    }

    @Test func aPasswordIsNeverShown() {
        let variables = ["LATCHKEY_DATABASE": "\(TestDatabase.address(of: home.path)) password=hunter2"]
        _ = home.admin("init", variables: variables)
        for arguments in [["settings"], ["doctor"], ["init"], ["migrate"], ["user", "list"]] {
            let all = ["LATCHKEY_HOME": home.path].merging(variables) { $1 }
            let (_, output, errors) = latchkey(arguments, all)
            #expect(!(output + errors).contains("hunter2"), "\(arguments)")
        }
    }
}
#endif
