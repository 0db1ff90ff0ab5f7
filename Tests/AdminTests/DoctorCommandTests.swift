// doctor as a whole: what it prints, what it does without a service, and what it reports about the machine.

import Foundation
import TestSupport
import Testing

@testable import latchkey

@Suite struct DoctorCommandTests {
    let home = Home()

    @Test(.enabled(if: !isPostgreSQL, "the text names what SQLite's build has"))
    func aHealthyServiceGivesOnlyOk() {
        let home = Home.initialized()
        _ = home.signIn("ada@example.com")
        let executables = Executables(of: home)
        let run = home.admin("doctor", "--executables", executables.path)
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.errors == "")
        #expect(run.troubles == [])
        #expect(run.findings.last == "30 checks: 0 faults, 0 warnings.")
        #expect(run.findings("state folder") == ["ok       state folder: HOME, private to this user"])
        #expect(run.findings("executables") == ["ok       executables: 36 in \(executables.path)"])
        #expect(run.findings("latchkey.home") == ["ok       latchkey.home: the executables find this state folder"])
        #expect(run.findings("files") == ["ok       files: all private to this user"])
        #expect(run.findings("schema") == ["ok       schema: 9, the one that this version uses"])
        #expect(run.findings("mail") == ["ok       mail: is written to files in HOME/mail/new"])
        #expect(run.findings("outbox") == ["ok       outbox: 0 mails waiting, 0 given up"])
        #expect(run.findings("secret") == ["ok       secret: secret.key exists and is complete"])
        #expect(
            home.admin("doctor", "--deep").findings("integrity") == [
                "ok       integrity: every page and every reference is correct"
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

    @Test(.enabled(if: !isPostgreSQL, "the text names what SQLite's build has"))
    func jsonHasTheSame() {
        let home = Home.initialized()
        home.remove("secret.key")
        let run = home.admin("doctor", "--json")
        #expect(run.code == 1)
        #expect(
            run.output.hasPrefix(
                #"[{"check":"state folder","state":"ok","found":"HOME, private to this user","advice":null},"#))
        #expect(
            run.output.contains(
                #"{"check":"secret","state":"fault","found":"open HOME/secret.key: No such file or directory","#
                    + #""advice":"Restore it from a backup. Without it, no session and no code works."}"#))
    }

    @Test func withoutAServiceItSaysSoAndMakesNone() {
        let run = home.admin("doctor")
        #expect(run.code == 69)
        #expect(run.output == "")
        let missing = isPostgreSQL ? "secret.key" : "database"
        #expect(run.errors == "latchkey: state folder: HOME has no \(missing); latchkey init creates it\n")
        #expect((try? FileManager.default.contentsOfDirectory(atPath: home.path)) == [])
        let path = "\(home.path)-none"
        let (code, _, errors) = latchkey(["doctor"], ["LATCHKEY_HOME": path])
        #expect(code == 69)
        #expect(errors == "latchkey: state folder: \(path) does not exist; latchkey init creates it\n")
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func wrongUsageIs64() {
        for arguments in [["--url", "ftp://localhost"], ["--url", ""], ["--quick"]] {
            #expect(latchkey(["doctor"] + arguments, ["LATCHKEY_HOME": home.path]).0 == 64)
        }
    }

    @Test(arguments: [
        (
            "-f 1000",
            "a file can have at most 1000 KiB (ulimit -f) Raise the limit. If the database reaches it, requests are answered with 503."
        ),
        (
            "-u 50",
            "there can be at most 50 processes (ulimit -u) Raise the limit. Each request and each delivery of mail is a process."
        ),
        (
            "-v 60000",
            "a process can have at most 58 MiB of memory (ulimit -v) "
                + "Raise the limit to 64 MiB. Hashing a code takes 7 MiB in addition to the program."
        ),
    ])
    func limitsOfProcessesAreWarnings(limit: String, sentence: String) {
        let home = Home.initialized()
        // bash counts file sizes in KiB; other shells count in blocks.
        let command = "ulimit \(limit) && exec \"$0\" doctor"
        let result = Program.run(
            "bash", ["-c", command, "\(projectFolder)/.build/debug/latchkey"],
            environment: ["LATCHKEY_HOME": home.path])
        let run = Run(
            code: result.exitCode, output: String(decoding: result.output, as: UTF8.self), errors: result.errors)
        #expect(run.findings("limits") == ["warning  limits: \(sentence)"], "\(result.errors)")
    }

    @Test func aClockThatWasAheadIsAFault() {
        let home = Home.initialized()
        home.sql(
            """
            INSERT INTO audit_events (at, event, client, request_id)
            VALUES ((unixepoch() + 3600) * 1000, 'sign-in', '192.0.2.7', '')
            """)
        let run = home.admin("doctor")
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    clock: it shows 2026-01-01 00:00:00 UTC, but the database has an entry of 2026-01-01 00:00:00: "
                    + "the clock is slow now, or was fast then Set the clock, and keep it synchronized (chrony, systemd-timesyncd). "
                    + "Sessions and limits with a time in the future last until then."
            ])
    }
}
