// init, settings, purge, migrate, backup.

import Foundation
import TestSupport
import Testing

@Suite struct ServiceCommandTests {
    let home = Home()

    private let places = """
        state folder  HOME
        settings      HOME/latchkey.conf
        secret        HOME/secret.key
        signing key   HOME/keys/ID.key
        database      HOME/latchkey.db

        """

    private let missingSecret =
        isPostgreSQL
        ? "latchkey: HOME/secret.key is missing, but the database has one: copy that of another machine, or restore a backup\n"
        : "latchkey: HOME/secret.key is missing, but there is a database: restore it from a backup\n"

    @Test(.enabled(if: !isPostgreSQL, "it lists SQLite's files; StoreSecretTests has the rule"))
    func initMakesAServiceOnce() {
        #expect(home.admin("init").output == "Created a new service.\n\(places)")
        let secret = try? Data(contentsOf: URL(filePath: "\(home.path)/secret.key"))
        #expect(home.admin("init").output == "The service exists already; nothing was changed.\n\(places)")
        #expect((try? Data(contentsOf: URL(filePath: "\(home.path)/secret.key"))) == secret)
        #expect(secret?.count == 32)
        #expect(home.isPrivate("secret.key"))
        #expect(home.isPrivate("latchkey.db"))
    }

    /// Kubernetes sets some of them for a service named latchkey. The others are for the web server, not for this command.
    @Test func variablesThatAreKnownToBeOthersArePassedOver() {
        _ = home.admin("init")
        let others = [
            "LATCHKEY_PORT": "tcp://10.0.0.1:80", "LATCHKEY_SERVICE_HOST": "10.0.0.1", "LATCHKEY_PORT_80_TCP_PROTO": "tcp",
            "LATCHKEY_FASTCGI": "1",
        ]
        for arguments in [["user", "list"], ["settings"], ["mail", "flush"], ["purge"]] {
            let (code, _, errors) = latchkey(arguments, others.merging(["LATCHKEY_HOME": home.path]) { $1 })
            #expect(code == 0 && errors.isEmpty, "\(arguments): \(errors)")
        }
        let delivery = Program(
            "\(executables)/deliver-mail", environment: others.merging(["LATCHKEY_HOME": home.path]) { $1 }
        ).finish()
        #expect(delivery.exitCode == 0 && delivery.errors.isEmpty, "\(delivery.errors)")
    }

    @Test(.enabled(if: !isPostgreSQL, "the text names what SQLite's build has"))
    func initWritesASettingsFileInWhichEverySettingIsCommentedOut() throws {
        _ = home.admin("init")
        let path = "\(home.path)/latchkey.conf"
        let sample = try String(contentsOfFile: "\(projectFolder)/samples/latchkey.conf", encoding: .utf8)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == sample)
        #expect(home.isPrivate("latchkey.conf"))
        #expect(home.run("health", ["REQUEST_METHOD": "GET"]).answer.status == 200)
        #expect(home.admin("doctor").output.contains("ok       settings: 0 settings given, all valid\n"))
        // The owner may now change or delete the file.
        home.remove("latchkey.conf")
        _ = home.admin("init")
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func initLeavesASettingsFileAsItIs() throws {
        let home = Home(settings: "code_length = 8\n")
        _ = home.admin("init")
        #expect(try String(contentsOfFile: "\(home.path)/latchkey.conf", encoding: .utf8) == "code_length = 8\n")
    }

    @Test func everyProgramSaysWhatTakesTheRemovedSettingsPlace() throws {
        _ = home.admin("init")
        try "mail_template = login\n".write(toFile: "\(home.path)/latchkey.conf", atomically: true, encoding: .utf8)
        let reason =
            "latchkey.conf:1: mail_template: this setting was removed: put the mail's subject and text into templates/code.txt in the state folder"
        for run in [home.admin("settings"), home.admin("init"), home.admin("user", "list"), home.admin("mail", "flush")] {
            #expect(run.code == 1 && run.errors.hasPrefix("latchkey: HOME/\(reason)"), "\(run.errors)")
        }
        let doctor = home.admin("doctor")
        #expect(doctor.code == 1 && doctor.troubles.contains { $0.hasPrefix("fault    settings: HOME/\(reason)") })
        let deliverer = home.start("deliver-mail", [:]).finish()
        #expect(deliverer.exitCode != 0 && deliverer.errors.contains(reason))
        let (answer, log) = home.run("health", ["REQUEST_METHOD": "GET"])
        #expect(answer.status == 500 && log.contains(reason))
    }

    @Test func whatInitMadeTheExecutablesUse() {
        _ = home.admin("init")
        #expect(home.signIn("ada@example.com").id.count == 36)
    }

    @Test func aMissingSecretIsNotMadeAnew() {
        _ = home.admin("init")
        home.remove("secret.key")
        let run = home.admin("init")
        #expect(run.code == 1)
        #expect(run.output == "")
        #expect(run.errors == missingSecret)
    }

    @Test(.enabled(if: !isPostgreSQL, "the text names what SQLite's build has"))
    func settingsTellWhereEachComesFrom() {
        let home = Home(settings: "# ours\nbase_url = https://id.example.com\nclient_tokens = 0123456789abcdef\n")
        let variables = ["LATCHKEY_CODE_TTL": "5m"]
        _ = home.admin("init")
        #expect(
            home.admin("settings", variables: variables).output == """
                SETTING                      VALUE                       FROM
                base_url                     https://id.example.com      latchkey.conf:2
                mail                         maildir                     default
                mail_from                    Latchkey <latchkey@host>    default
                sign_up                      open                        default
                invitations_admit            yes                         default
                code_length                  6                           default
                code_ttl                     5m                          environment
                code_attempts                5                           default
                resend_after                 60s                         default
                access_ttl                   15m                         default
                refresh_ttl                  30d                         default
                session_ttl                  90d                         default
                refresh_grace                30s                         default
                limit_send_per_ip            30/5m                       default
                limit_verify_per_ip          30/5m                       default
                limit_refresh_per_ip         150/5m                      default
                limit_send_per_email         5/1h                        default
                limit_failures_per_email     30/24h                      default
                limit_send_total             1000/1h                     default
                limit_invite_per_user        20/1h                       default
                limit_write_per_user         600/5m                      default
                max_projects_per_user        100                         default
                max_keys_per_project         1000                        default
                max_keys_per_member          100                         default
                max_members_per_project      100                         default
                max_invitations_per_project  100                         default
                max_sessions_per_user        100                         default
                argon2_slots                 number of cores             default
                deliverers                   8                           default
                audit_ttl                    90d                         default
                metrics_token                none                        default
                trusted_proxies              none                        default
                test_identities              none                        default
                cors_origins                 none                        default
                client_tokens                (secret)                    latchkey.conf:3
                fastcgi_requests             100000                      default
                fastcgi_processes            number of cores             default
                journal                      depends on the file system  default
                database                     none                        default
                database_tls                 verify-full                 default
                database_pooled              no                          default
                allow_state_in_web_root      no                          default

                """)
        let json = home.admin("settings", "--json", variables: variables).output
        #expect(json.hasPrefix(#"[{"key":"base_url","value":"https://id.example.com","from":"HOME/latchkey.conf:2"},"#))
        #expect(json.contains(#"{"key":"code_ttl","value":"5m","from":"environment:LATCHKEY_CODE_TTL"}"#))
        #expect(!json.contains("0123456789abcdef"))
    }

    /// `settings` would not show a setting that the list lacks.
    @Test func settingsListsWhatTheDocumentDoes() throws {
        let document = try String(contentsOfFile: "\(projectFolder)/docs/configuration.md", encoding: .utf8)
        _ = home.admin("init")
        let shown = home.admin("settings").output.split(separator: "\n").dropFirst().map {
            String($0.prefix { $0 != " " })
        }
        let table = document.components(separatedBy: "| key | default | |\n|---|---|---|\n")[1]
        let rows = table.prefix(upTo: table.range(of: "\n\n")!.lowerBound).split(separator: "\n")
        let keys = rows.flatMap { row in
            row.split(separator: "|")[0].split(separator: ",").map {
                $0.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
            }
        }
        #expect(shown == keys)
    }

    @Test func aFaultInTheSettingsIsNamed() {
        let home = Home(settings: "code_length = 5\n")
        let run = home.admin("init")
        #expect(run.code == 1)
        #expect(run.errors == "latchkey: HOME/latchkey.conf:1: code_length: must be a whole number from 6 to 8\n")
    }

    @Test func purgeDeletesAllThatHasExpired() {
        _ = home.signIn("ada@example.com")
        home.sql(
            """
            UPDATE sessions SET expires_at = 1;
            UPDATE challenges SET expires_at = 1, mailed_at = 1, created_at = 0;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
            INSERT INTO limit_counts SELECT 'send-ip', i, 0, 1, 1, 0 FROM n;
            """)
        #expect(
            home.admin("purge").output == """
                codes             1
                mails             0
                sessions          1
                limit counts      250
                known networks    0
                audit entries     0
                invitations       0
                API keys          0
                deleted accounts  0

                """)
    }

    @Test func migrateTellsTheSchema() throws {
        _ = home.admin("init")
        #expect(home.admin("migrate").output == "The database has schema 9, the one that this version uses.\n")
        try TestDatabase.setSchemaNumber(99, in: home.path)
        let run = home.admin("migrate")
        #expect(run.code == 1)
        #expect(run.errors == "latchkey: the database was created by a newer version of Latchkey\n")
    }

    @Test(.enabled(if: !isPostgreSQL, "a backup is unpacked as the state of SQLite"))
    func aBackupIsAnArchiveThatAServiceStartsFrom() throws {
        let home = Home(settings: "code_length = 8\n")
        let ada = home.signIn("ada@example.com")
        try Data("old".utf8).write(to: URL(filePath: "\(home.path)/backup.tar"))
        let run = home.admin("backup", "\(home.path)/backup.tar")
        #expect(run.output == "Wrote 5 files to HOME/backup.tar.\n", "\(run.errors)")
        #expect(home.isPrivate("backup.tar"))

        let names = Program.run("tar", ["tf", "\(home.path)/backup.tar"])
        #expect(names.errors == "")
        let list = String(decoding: names.output, as: UTF8.self).split(separator: "\n").map { String($0) }
        #expect(list.count == 5)
        #expect(list[0] == "latchkey.db" && list[1] == "secret.key" && list[4] == "latchkey.conf")
        #expect(list[2...3].allSatisfy { $0.hasPrefix("keys/") } && list.contains("keys/current"))

        let other = Home()
        let unpacked = Program.run("tar", ["xf", "\(home.path)/backup.tar", "-C", other.path])
        #expect(unpacked.exitCode == 0, "\(unpacked.errors)")
        let me = other.get("current-user", ada.bearer)
        #expect(me.status == 200)
        #expect(me.field("email") == "ada@example.com")
        let left = try FileManager.default.contentsOfDirectory(atPath: home.path)
        #expect(left.filter { $0.hasPrefix("backup") }.sorted() == ["backup.lock", "backup.tar"])
    }

    @Test(.enabled(if: !isPostgreSQL, "the text names what SQLite's build has"))
    func aBackupThatFailsLeavesTheLastOne() throws {
        _ = home.admin("init")
        _ = home.admin("backup", "\(home.path)/backup.tar")
        let last = try Data(contentsOf: URL(filePath: "\(home.path)/backup.tar"))
        if !isPostgreSQL { home.remove("keys/current") }
        home.remove("secret.key")
        let run = home.admin("backup", "\(home.path)/backup.tar")
        #expect(run.code == 1)
        #expect(run.errors == missingSecret)
        #expect(try Data(contentsOf: URL(filePath: "\(home.path)/backup.tar")) == last)
        #expect(home.admin("backup", "/nowhere/backup.tar").code == 1)
    }
}
