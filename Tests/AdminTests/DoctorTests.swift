// doctor: each thing that it finds is brought about, and what it says of it compared whole.

import Foundation
import TestSupport
import Testing

@testable import latchkey

/// A folder of executables that do nothing, with the modes of real ones; removed with the value.
final class Executables: Sendable {
    let path: String
    static let names = [
        "accept-invitation", "add-member", "change-email", "confirm-email", "create-api-key", "create-project",
        "current-user", "decline-invitation", "delete-api-key", "delete-project", "delete-session", "delete-user", "deliver-mail",
        "get-project", "health", "jwks", "list-api-keys", "list-invitations", "list-projects", "list-sessions",
        "metrics", "not-found", "preferences", "refresh-token", "remove-member", "revoke-other-sessions",
        "revoke-token", "rotate-api-key", "send-code", "send-deletion-code", "update-api-key", "update-member", "update-project",
        "update-user", "verify-api-key", "verify-code",
    ]

    init(of home: Home) {
        path = "\(NSTemporaryDirectory())latchkey-test-\(UUID().uuidString)"
        try! FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        for name in Executables.names {
            makeFile("\(path)/\(name)", mode: 0o755)
        }
        makeFile("\(path)/latchkey.home", "\(home.path)\n", mode: 0o644)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Makes the file `path`, which is not there.
func makeFile(_ path: String, _ text: String = "", mode: Int = 0o600) {
    let isMade = FileManager.default.createFile(
        atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode])
    precondition(isMade)
}

/// Gives the file at `path` the mode `mode`.
func setMode(_ path: String, _ mode: Int) {
    try! FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}

extension Run {
    /// Each finding as one line, however wide the terminal: what was found, then what to do.
    var findings: [String] {
        output.replacingOccurrences(of: "\n         ", with: " ").replacingOccurrences(
            of: "20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", with: "2026-01-01 00:00:00",
            options: .regularExpression
        ).split(separator: "\n").map { String($0) }
    }

    /// Those that are not ok, without the sum, and without how long a code takes just now: other tests keep the machine
    /// busy. DoctorJudgementTests has what is slow.
    var troubles: [String] {
        findings.dropLast().filter { !$0.hasPrefix("ok ") && !$0.hasPrefix("warning  argon2: one code takes ") }
    }

    /// Those of `check`.
    func findings(_ check: String) -> [String] {
        findings.filter { $0.dropFirst(9).hasPrefix("\(check): ") }
    }
}

@Suite struct DoctorTests {
    let home = Home()

    private func healthy() -> Home {
        _ = home.admin("init")
        return home
    }

    @Test func aHealthyServiceGivesOnlyOk() {
        let home = healthy()
        _ = home.signIn("ada@example.com")
        let executables = Executables(of: home)
        let run = home.admin("doctor", "--executables", executables.path)
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.errors == "")
        #expect(run.troubles == [])
        #expect(run.findings.last == "30 checks: 0 faults, 0 warnings.")
        #expect(run.findings("state folder") == ["ok       state folder: HOME, yours alone"])
        #expect(run.findings("executables") == ["ok       executables: 36 in \(executables.path)"])
        #expect(run.findings("latchkey.home") == ["ok       latchkey.home: executables find this state"])
        #expect(run.findings("files") == ["ok       files: all yours alone"])
        #expect(run.findings("schema") == ["ok       schema: 9, which is this version's"])
        #expect(run.findings("mail") == ["ok       mail: goes into files in HOME/mail/new"])
        #expect(run.findings("outbox") == ["ok       outbox: 0 mails to send, 0 given up"])
        #expect(run.findings("secret") == ["ok       secret: secret.key is there and whole"])
        #expect(
            home.admin("doctor", "--deep").findings("integrity") == [
                "ok       integrity: every page and every reference is right"
            ])
    }

    @Test func settingsThatHoldNothingOffAreWarnings() throws {
        let home = healthy()
        try "limit_send_total = off\nlimit_write_per_user = off\nlimit_send_per_ip = 1/1s\ntrusted_proxies = 10.0.0.1, ::/0\n"
            .write(
                toFile: "\(home.path)/latchkey.conf", atomically: true, encoding: .utf8)
        setMode("\(home.path)/latchkey.conf", 0o600)
        #expect(
            home.admin("doctor").troubles == [
                "warning  settings: switched off: limit_send_total, limit_write_per_user "
                    + "Keep them off only where something in front of the service counts as they do.",
                "warning  settings: trusted_proxies names every address: clients choose the address that limits and logs see "
                    + "Name the proxies alone.",
            ])
    }

    @Test func aFindingIsALineAndOneOfAdviceWithin80Columns() {
        var report = Report()
        report.ok("secret", "is there")
        report.warn("outbox", "1 mail to send, 0 given up, the oldest since 2026-01-01 00:00:00", do: "Look.")
        report.fault("disk", "5 MiB free", do: "Make room: a full disk answers each sign-in and each code with a 503.")
        #expect(
            report.text == """
                ok       secret: is there
                warning  outbox: 1 mail to send, 0 given up, the oldest since 2026-01-01
                         00:00:00
                         Look.
                fault    disk: 5 MiB free
                         Make room: a full disk answers each sign-in and each code with a 503.
                3 checks: 1 fault, 1 warning.

                """)
        #expect(wideLines(of: report.text) == [])
    }

    @Test func jsonHasTheSame() {
        let home = healthy()
        home.remove("secret.key")
        let run = home.admin("doctor", "--json")
        #expect(run.code == 1)
        #expect(
            run.output.hasPrefix(
                #"[{"check":"state folder","state":"ok","found":"HOME, yours alone","advice":null},"#))
        #expect(
            run.output.contains(
                #"{"check":"secret","state":"fault","found":"open HOME/secret.key: No such file or directory","#
                    + #""advice":"Restore it from a backup: without it no session and no code is good."}"#))
    }

    @Test func withoutAServiceItSaysSoAndMakesNone() {
        let run = home.admin("doctor")
        #expect(run.code == 69)
        #expect(run.output == "")
        #expect(run.errors == "latchkey: state folder: HOME holds no database; latchkey init makes it\n")
        #expect((try? FileManager.default.contentsOfDirectory(atPath: home.path)) == [])
        let path = "\(home.path)-none"
        let (code, _, errors) = latchkey(["doctor"], ["LATCHKEY_HOME": path])
        #expect(code == 69)
        #expect(errors == "latchkey: state folder: \(path) is not there; latchkey init makes it\n")
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func wrongUsageIs64() {
        for arguments in [["--url", "ftp://localhost"], ["--url", ""], ["--quick"]] {
            #expect(latchkey(["doctor"] + arguments, ["LATCHKEY_HOME": home.path]).0 == 64)
        }
    }

    @Test func anOpenFolderIsAFault() {
        let home = healthy()
        setMode(home.path, 0o755)
        let run = home.admin("doctor")
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    state folder: HOME is open to other users; chmod 700 closes it "
                    + "Let it be a folder of mode 700."
            ])
    }

    @Test(.enabled(if: geteuid() == 0)) func whatBelongsToAnotherUserIsAFault() {
        let home = healthy()
        chown("\(home.path)/latchkey.db", 4242, 4242)
        #expect(
            home.admin("doctor").troubles == [
                "fault    files: another user's: latchkey.db "
                    + "Give them to the service's user with chown; run latchkey as that user alone."
            ])
        chown(home.path, 4242, 4242)
        #expect(
            home.admin("doctor").troubles == [
                "fault    state folder: HOME belongs to another user "
                    + "Run this as the service's user, or give the folder to that user: chown -R."
            ])
    }

    @Test func aWebRootIsAFaultOrAWarning() {
        let home = healthy()
        let path = "\(home.path)/www/state"
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        setMode(path, 0o700)
        let allowed = home.admin(
            "init", variables: ["LATCHKEY_HOME": path, "LATCHKEY_ALLOW_STATE_IN_WEB_ROOT": "yes"])
        #expect(allowed.code == 0, "\(allowed.errors)")
        let run = home.admin("doctor", variables: ["LATCHKEY_HOME": path])
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    web roots: HOME/www/state lies below www, which is served as a web root "
                    + "Move the state folder out of there."
            ])
        let second = home.admin(
            "doctor", variables: ["LATCHKEY_HOME": path, "LATCHKEY_ALLOW_STATE_IN_WEB_ROOT": "yes"])
        #expect(second.code == 0)
        #expect(
            second.troubles == [
                "warning  web roots: HOME/www/state lies below www, which is served as a web root, "
                    + "as allow_state_in_web_root lets it See with --url that nothing of it can be downloaded."
            ])
    }

    @Test func openFilesAreAWarning() {
        let home = healthy()
        setMode("\(home.path)/latchkey.db", 0o644)
        setMode("\(home.path)/keys", 0o755)
        let run = home.admin("doctor")
        #expect(run.code == 0)
        #expect(
            run.troubles == [
                "warning  files: open to other users: latchkey.db, keys Close them: chmod -R go= HOME"
            ])
        #expect(run.findings.last == "29 checks: 0 faults, 1 warning.")
    }

    @Test func aLargeLogAndLeftoversAreWarnings() throws {
        let home = healthy()
        let old = "\(home.path)/secret.key.2f1c4c0e-5a0b-4d5e-9a55-0c6d1f7b8e21"
        let new = "\(home.path)/backup.2f1c4c0e-5a0b-4d5e-9a55-0c6d1f7b8e21"
        for path in [old, new, "\(home.path)/backup.tar", "\(home.path)/latchkey.log"] {
            makeFile(path)
        }
        truncate("\(home.path)/latchkey.log", 101 << 20)
        #expect(
            home.admin("doctor").troubles == [
                "warning  log: HOME/latchkey.log has 101 MiB "
                    + "Move it away, or have logrotate do so; the next line makes a new one.",
                "warning  leftovers: of work that was interrupted: backup.\(anID), secret.key.\(anID) "
                    + "Run latchkey purge, which removes them; each may hold secrets.",
            ])
    }

    @Test func everyFaultOfTheSettingsIsNamed() {
        let home = healthy()
        makeFile(
            "\(home.path)/latchkey.conf",
            """
            code_length = 5
            base_url = https://id.example.com
            nonsense
            colour = red
            mail = maildir
            mail = maildir
            """)
        let run = home.admin("doctor", variables: ["LATCHKEY_CODE_TTL": "soon"])
        #expect(run.code == 1)
        let advice = "Correct it; until then every request is answered with 500."
        #expect(
            run.findings("settings") == [
                "fault    settings: HOME/latchkey.conf:1: code_length: not a whole number from 6 to 8 \(advice)",
                "fault    settings: HOME/latchkey.conf:3: not of the form key = value \(advice)",
                "fault    settings: HOME/latchkey.conf:4: colour: there is no such setting \(advice)",
                "fault    settings: HOME/latchkey.conf:6: mail: given twice \(advice)",
                "fault    settings: environment:LATCHKEY_CODE_TTL: code_ttl: "
                    + "not a duration such as 90s, 15m, 1h or 30d \(advice)",
            ])
        // What is not at fault still counts.
        #expect(run.findings("base_url") == ["ok       base_url: https://id.example.com"])
    }

    @Test func whatDeservesASecondLookIsAWarning() throws {
        let home = healthy()
        let hash =
            "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHRzb21lc2FsdA$"
            + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        let day = Date.now.addingTimeInterval(10 * 86400).formatted(.iso8601.year().month().day())
        makeFile("\(home.path)/testers", "test@example.com \(hash) \(day)\n")
        var variables = [
            "LATCHKEY_BASE_URL": "http://id.example.com", "LATCHKEY_CORS_ORIGINS": "https://app.example.com",
            "LATCHKEY_TEST_IDENTITIES": "testers", "LATCHKEY_CLIENT_TOKENS": "0123456789abcdef",
            "LATCHKEY_ARGON2_SLOTS": "999",
        ]
        let run = home.admin("doctor", variables: variables)
        #expect(run.code == 0)
        let cores = ProcessInfo.processInfo.activeProcessorCount
        #expect(
            run.troubles == [
                "warning  base_url: http://id.example.com is not encrypted: tokens can be read on the way "
                    + "Have the web server speak https, and set base_url = https://id.example.com",
                "warning  cors_origins: pages may call from https://app.example.com Keep those that are yours alone.",
                "warning  test_identities: 1 address may sign in with a fixed code "
                    + "Remove the setting when the tests are over.",
                "warning  mail: goes into files in HOME/mail/new, and to nobody "
                    + "Set mail = sendmail /usr/sbin/sendmail",
                "warning  argon2_slots: 999 codes at once on \(counted(cores, "core")), in 6993 MiB "
                    + "Set argon2_slots = \(cores): more only makes each slower, and takes memory.",
            ])
        #expect(run.findings("client_tokens") == ["ok       client_tokens: 1 may ask for a code"])

        setMode("\(home.path)/testers", 0o644)
        variables = ["LATCHKEY_TEST_IDENTITIES": "testers"]
        #expect(
            home.admin("doctor", variables: variables).troubles == [
                "fault    test_identities: test_identities: trust HOME/testers: Operation not permitted; "
                    + "it must be yours alone, mode 0600 Correct the file; requests are answered with 500."
            ])
    }

    @Test func executablesAreLookedAt() {
        let home = healthy()
        let executables = Executables(of: home)
        let folder = executables.path
        func troubles() -> [String] { home.admin("doctor", "--executables", folder).troubles }
        for name in ["health", "jwks", "metrics", "not-found", "send-code", "verify-code"] {
            try! FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
        setMode("\(folder)/add-member", 0o644)
        setMode("\(folder)/create-project", 0o775)
        setMode("\(folder)/update-user", 0o711)
        #expect(
            troubles() == [
                "fault    executables: missing in \(folder): send-code, verify-code, jwks, health, metrics and 1 more "
                    + "Copy the package's cgi-bin again.",
                "fault    executables: cannot be run: add-member chmod 755 them.",
                "fault    executables: other users can write to create-project chmod go-w them; suEXEC refuses them, too.",
                "warning  executables: not of mode 755: update-user chmod 755 them.",
            ])
        #expect(
            home.admin("doctor", "--executables", "/nowhere").troubles == [
                "fault    executables: /nowhere is not a folder Say --executables with theirs."
            ])
    }

    @Test func theStateThatExecutablesFindIsLookedAt() {
        let home = healthy()
        let executables = Executables(of: home)
        let file = "\(executables.path)/latchkey.home"
        func troubles() -> [String] { home.admin("doctor", "--executables", executables.path).troubles }
        try! "/elsewhere\n".write(toFile: file, atomically: false, encoding: .utf8)
        #expect(
            troubles() == [
                "fault    latchkey.home: it names /elsewhere, which is not this state Write HOME into \(file)."
            ])
        setMode(file, 0o666)
        #expect(
            troubles() == [
                "fault    latchkey.home: trust \(file): Operation not permitted "
                    + "Let it hold the state's absolute path, be its owner's, and writable by nobody else."
            ])
        try! FileManager.default.removeItem(atPath: file)
        #expect(
            troubles() == [
                "warning  latchkey.home: there is none: executables find this state by LATCHKEY_HOME alone "
                    + "See that the web server sets it, or write HOME into \(file)."
            ])
    }

    @Test(arguments: [
        ("-f 1000", "files may grow to 1000 KiB at most (ulimit -f) Raise it; a database that reaches it answers 503."),
        ("-u 50", "50 processes at most (ulimit -u) Raise it; each request is a process, and each delivery of mail."),
        (
            "-v 60000",
            "a process gets 58 MiB of memory (ulimit -v) "
                + "Raise it to 64 MiB; hashing a code takes 7 MiB beside the program."
        ),
    ])
    func limitsOfProcessesAreWarnings(limit: String, sentence: String) {
        let home = healthy()
        // bash counts files in KiB, where other shells count in blocks.
        let command = "ulimit \(limit) && exec \"$0\" doctor"
        let result = Program.run(
            "bash", ["-c", command, "\(projectFolder)/.build/debug/latchkey"],
            environment: ["LATCHKEY_HOME": home.path])
        let run = Run(
            code: result.exitCode, output: String(decoding: result.output, as: UTF8.self), errors: result.errors)
        #expect(run.findings("limits") == ["warning  limits: \(sentence)"], "\(result.errors)")
    }

    @Test func aClockThatWasAheadIsAFault() {
        let home = healthy()
        home.sql(
            """
            INSERT INTO audit_events (at, event, client, request_id)
            VALUES ((unixepoch() + 3600) * 1000, 'sign-in', '192.0.2.7', '')
            """)
        let run = home.admin("doctor")
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    clock: it says 2026-01-01 00:00:00 UTC, but the service has worked at 2026-01-01 00:00:00: "
                    + "it is behind, or was ahead Set the clock, and have it kept (chrony, systemd-timesyncd). "
                    + "Sessions and limits of a time to come last until then."
            ])
    }

    @Test func anotherSchemaIsTold() {
        let home = healthy()
        home.sql("PRAGMA user_version = 3")
        #expect(
            home.admin("doctor").troubles == [
                "warning  schema: 3 is older than this version's "
                    + "The next request brings it forward; so does latchkey migrate."
            ])
        #expect(home.number("PRAGMA user_version") == 3)
        home.sql("PRAGMA user_version = 99")
        let run = home.admin("doctor")
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    schema: 99 is newer than this version knows "
                    + "Install the version that made it; older executables answer 503."
            ])
    }

    @Test func aDamagedDatabaseIsAFault() throws {
        let home = healthy()
        home.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        let file = try FileHandle(forUpdating: URL(filePath: "\(home.path)/latchkey.db"))
        try file.seek(toOffset: 4096 * 3)
        try file.write(contentsOf: Data(repeating: 0xFF, count: 4096))
        try file.close()
        let run = home.admin("doctor")
        #expect(run.code == 1)
        let found = run.findings("integrity")
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("fault    integrity: the database is damaged: "))
        #expect(
            found[0].hasSuffix(
                " Stop the service, keep a copy of the folder, and restore the last backup."))
    }

    @Test func aFileThatIsNoDatabaseIsAFault() throws {
        let home = healthy()
        for name in ["latchkey.db-wal", "latchkey.db-shm"] where FileManager.default.fileExists(atPath: "\(home.path)/\(name)") {
            home.remove(name)
        }
        try String(repeating: "no database ", count: 1000).write(
            toFile: "\(home.path)/latchkey.db", atomically: false, encoding: .utf8)
        #expect(
            home.admin("doctor").troubles == [
                "fault    database: sqlite 26: file is not a database in: PRAGMA synchronous=FULL; "
                    + "PRAGMA secure_delete=ON Restore latchkey.db from a backup, if it stays so."
            ])
    }

    @Test func aReferenceToNothingIsFoundIfAsked() {
        let home = healthy()
        home.sql(
            """
            PRAGMA foreign_keys = OFF;
            INSERT INTO members VALUES (zeroblob(16), zeroblob(16), 'owner', 1)
            """)
        #expect(home.admin("doctor").troubles == [])
        #expect(
            home.admin("doctor", "--deep").troubles == [
                "fault    integrity: a row of members names one that is not there "
                    + "Keep a copy of the folder, and restore the last backup."
            ])
    }

    @Test func aJournalThatTheSettingsDoNotWantIsAWarning() {
        let home = healthy()
        let run = home.admin("doctor", variables: ["LATCHKEY_JOURNAL": "delete"])
        #expect(
            run.troubles == [
                "warning  journal: wal, though the settings say otherwise "
                    + "Run latchkey migrate when no request is at work."
            ])
        #expect(home.admin("doctor").findings("journal") == ["ok       journal: wal on a file system of this machine"])
    }

    @Test func mailThatWaitsOrWasGivenUpIsAWarning() {
        let home = healthy()
        home.sql(
            """
            INSERT INTO mail_items (id, subject_id, email, created_at, expires_at, attempts, due_at, last_error)
            VALUES (randomblob(16), randomblob(16), 'ada@example.com', unixepoch() * 1000, unixepoch() * 2000, 2,
                    NULL, '/bin/false exited with 67')
            """)
        #expect(
            home.admin("doctor").troubles == [
                "warning  outbox: 0 mails to send, 1 given up; last error: /bin/false exited with 67 "
                    + "See latchkey mail list."
            ])
        home.sql("UPDATE mail_items SET due_at = unixepoch() * 1000, created_at = (unixepoch() - 1000) * 1000")
        #expect(
            home.admin("doctor").troubles == [
                "warning  outbox: 1 mail to send, 0 given up, the oldest since 2026-01-01 00:00:00; "
                    + "last error: /bin/false exited with 67 Try latchkey mail test with your address; "
                    + "put latchkey mail flush into cron."
            ])
    }

    @Test func whatWasNotCleanedUpIsAWarning() {
        let home = healthy()
        home.sql("INSERT INTO limit_counts VALUES ('send-ip', '', 0, (unixepoch() - 3 * 86400) * 1000, 1, 0)")
        #expect(
            home.admin("doctor").troubles == [
                "warning  clean-up: what expired on 2026-01-01 00:00:00 is still there "
                    + "Run latchkey purge; put latchkey mail flush into cron, which cleans up as well."
            ])
        _ = home.admin("purge")
        #expect(home.admin("doctor").troubles == [])
    }

    @Test func aMailCommandThatIsNotThereIsAFault() {
        let home = healthy()
        func troubles(_ mail: String) -> [String] {
            home.admin("doctor", variables: ["LATCHKEY_MAIL": mail]).troubles
        }
        #expect(
            troubles("sendmail /nowhere/sendmail") == [
                "fault    mail: /nowhere/sendmail is not there Install a mail command, or set mail to where it is."
            ])
        #expect(
            troubles("sendmail /etc/passwd") == [
                "fault    mail: /etc/passwd cannot be run by this user See its mode and owner."
            ])
        #expect(
            home.admin("doctor", variables: ["LATCHKEY_MAIL": "sendmail /bin/true"]).findings("mail") == [
                "ok       mail: /bin/true can be run; latchkey mail test shows whether it accepts"
            ])
        makeFile("\(home.path)/mail")
        #expect(
            home.admin("doctor").troubles == [
                "fault    mail: files cannot be written to HOME/mail "
                    + "Let it be a folder, and tmp and new in it, that this user may write to."
            ])
    }

    @Test func missingSecretsAreFaultsAndStayMissing() {
        let home = healthy()
        home.remove("secret.key")
        home.remove("keys/current")
        let run = home.admin("doctor")
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    secret: open HOME/secret.key: No such file or directory "
                    + "Restore it from a backup: without it no session and no code is good.",
                "fault    signing key: open HOME/keys/current: No such file or directory "
                    + "Restore keys/ from a backup; or remove keys/current, and the next request makes a new key.",
            ])
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/secret.key"))
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/keys/current"))
    }
}
