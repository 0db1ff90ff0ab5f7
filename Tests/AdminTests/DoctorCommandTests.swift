// doctor as a whole: what it prints, what it does without a service, and what it reports about the machine.

import Foundation
import TestSupport
import Testing

@testable import latchkey

@Suite struct DoctorCommandTests {
    let home = Home()

    @Test func aHealthyServiceGivesOnlyOk() {
        let home = Home.initialized()
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
        let home = Home.initialized()
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
                "fault    clock: it says 2026-01-01 00:00:00 UTC, but the service has worked at 2026-01-01 00:00:00: "
                    + "it is behind, or was ahead Set the clock, and have it kept (chrony, systemd-timesyncd). "
                    + "Sessions and limits of a time to come last until then."
            ])
    }
}
