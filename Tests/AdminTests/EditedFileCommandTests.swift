// Files that people edit may come from Windows, with a byte order mark and CR LF line ends. The service reads all of them,
// and doctor reports files that it cannot read.

import Auth
import Foundation
import Glibc
import Platform
import Store
import TestSupport
import Testing

@testable import latchkey

/// `text` as a Windows editor writes it.
private func windows(_ text: String) -> String { "\u{FEFF}" + text.replacingOccurrences(of: "\n", with: "\r\n") }

@Suite struct EditedFileCommandTests {
    private let home = Home()

    private func write(_ name: String, _ text: String) {
        let path = "\(home.path)/\(name)"
        try? FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try? FileManager.default.removeItem(atPath: path)
        makeFile(path, text)
    }

    @Test func everyFileMayComeFromWindows() throws {
        let hash = Program.run("/bin/sh", ["-c", "printf 31415926 | argon2 0011223344556677 -id -k 7168 -t 5 -p 1 -l 32 -e"])
        let identity = String(decoding: hash.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        let day = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: 86400)).prefix(10)
        let hasIdentity = identity.hasPrefix("$argon2id$")
        write(
            "latchkey.conf",
            windows(
                "# settings\nmail_from = Acme <a@acme.example>\ncode_length = 8\n"
                    + (hasIdentity ? "test_identities = reviewers\n" : "")))
        write("reviewers", windows("# reviewers\nreviewer@example.com \(identity) \(day)\n"))
        write("templates/code.txt", windows("Subject: Your code {code}\n\nIt is {code}.\n"))
        write("templates/code.html", windows("<p>{code}</p>\n"))
        let executables = Executables(of: home)
        try windows("\(home.path)\n").write(toFile: "\(executables.path)/latchkey.home", atomically: false, encoding: .utf8)

        #expect(home.post("send-code", #"{"email":"ada@example.com"}"#).status == 202)
        for _ in 0..<200 where home.mails.isEmpty { Thread.sleep(forTimeInterval: 0.025) }
        let mail = try #require(home.mails.first)
        #expect(mail.contains("\nFrom: Acme <a@acme.example>\n"))
        #expect(mail.range(of: "\nSubject: Your code [0-9]{8}\n", options: .regularExpression) != nil, "\(mail)")
        #expect(!mail.contains("\r") && !mail.contains("\u{FEFF}"))
        if hasIdentity {
            #expect(home.post("send-code", #"{"email":"reviewer@example.com"}"#).status == 202)
            #expect(home.post("verify-code", #"{"email":"reviewer@example.com","code":"31415926"}"#).status == 200)
        }
        let run = home.admin("doctor", "--executables", executables.path)
        #expect(
            run.findings("settings") == [
                "ok       settings: \((hasIdentity ? 3 : 2) + (isPostgreSQL ? 1 : 0)) settings given, all valid"
            ])
        #expect(run.findings("latchkey.home") == ["ok       latchkey.home: the executables find this state folder"])
        #expect(run.findings("templates") == ["ok       templates: code.html, code.txt"])
    }

    @Test func anExecutableFindsItsStateByAFileFromWindows() throws {
        _ = home.admin("init")
        let folder = "\(NSTemporaryDirectory())latchkey-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.copyItem(atPath: "\(executables)/health", toPath: "\(folder)/health")
        makeFile("\(folder)/latchkey.home", windows("\(home.path)\n"))
        let request = ["REQUEST_METHOD": "GET", "REQUEST_URI": "/health"]
        let result = Program(
            "\(folder)/health", environment: TestDatabase.variables(of: home.path).merging(request) { $1 }
        ).finish()
        #expect(Answer(result.output).status == 200, "\(result.errors)")
    }

    @Test func doctorNamesWhatNothingReadsAndWhatCannotBeRead() {
        _ = home.admin("init")
        #expect(home.admin("doctor").findings("templates") == ["ok       templates: none: the built-in texts are used"])
        write("templates/code.txt", "Hello\n\n{code}\n")
        write("templates/codes.txt", "Subject: x\n\n{code}\n")
        let run = home.admin("doctor")
        #expect(run.code == 1)
        #expect(
            run.findings("templates") == [
                "fault    templates: code.txt does not begin with a line \"Subject: …\" and an empty line "
                    + "Correct it. Until then, mails of this kind are not sent.",
                "warning  templates: no mail uses codes.txt "
                    + "Name them <kind>.txt or <kind>.<language>.txt, and .html beside a .txt; docs/configuration.md has the kinds.",
            ])
        write("latchkey.conf", "code_length = 8\n".utf16.map { String(UnicodeScalar(UInt8($0))) + "\0" }.joined())
        #expect(
            home.admin("doctor").findings("settings") == [
                "fault    settings: HOME/latchkey.conf: not UTF-8 Correct it. Until then, every request is answered with 500."
            ])
    }

    @Test func mailThatNeedsRightsWhichTheServiceCannotGiveIsAFault() {
        #expect(Report.judgePrivileges(of: nil, restricted: ["latchkey-fcgi (process 7)"]) == nil)
        #expect(Report.judgePrivileges(of: "/usr/sbin/postdrop", restricted: []) == nil)
        let found = Report.judgePrivileges(of: "/usr/sbin/postdrop", restricted: ["latchkey-fcgi (process 7)"])
        #expect(found?.state == .fault)
        #expect(
            found?.found
                == "/usr/sbin/postdrop needs the rights of its owner or group, but latchkey-fcgi (process 7) runs with NoNewPrivileges: no mail is sent"
        )
        #expect(found?.advice?.contains("NoNewPrivileges=no and ReadWritePaths=/var/spool/postfix,") == true)
        // The advice fits the mail command, whatever its name.
        for (program, paths) in [
            ("/usr/sbin/exim4", "/var/spool/exim4 /var/log/exim4"),
            ("/usr/lib/dma/dma-mbox-create", "the folders that it writes to"),
        ] {
            let advice = Report.judgePrivileges(of: program, restricted: ["lighttpd (process 7)"])?.advice
            #expect(advice?.contains("NoNewPrivileges=no and ReadWritePaths=\(paths),") == true, "\(advice ?? "")")
        }
    }

    /// The process that starts a deliverer must let the mail command gain its rights. It is doctor's own shell, or a server,
    /// whose handlers have ended before doctor looks. One test for both, since each sees the other's processes.
    @Test func aProcessThatStartsADelivererMustBeAbleToGainPrivileges() throws {
        _ = home.admin("init")
        let command = "\(home.path)/sendmail"
        let server = "\(home.path)/fcgiwrap"
        makeFile(command, "#!/bin/sh\nexit 0\n", mode: 0o700)
        chmod(command, 0o2700)
        try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: server)
        let variables = ["LATCHKEY_HOME": home.path, "LATCHKEY_MAIL": "sendmail \(command)", "PATH": "/usr/bin:/bin"]
        // Lines are cut at 80 columns, and the folder's path may be long.
        func doctor(under prefix: [String] = []) -> (code: Int32, text: String) {
            let words = prefix + ["\(projectFolder)/.build/debug/latchkey", "doctor"]
            let run = Program(words[0], Array(words.dropFirst()), environment: variables).finish()
            let text = String(decoding: run.output, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
            return (run.exitCode, text)
        }
        // Doctor names the first process that it finds: if this machine has a restricted server, it is that one.
        let others = Machine.restrictedProcesses(named: Report.serving)
        let free = doctor().text
        #expect(free.contains("can be run; latchkey mail test shows") == others.isEmpty, "\(free)")
        let bound = doctor(under: ["/usr/bin/setpriv", "--no-new-privs"])
        #expect(bound.code == 1 && bound.text.contains("NoNewPrivileges"), "\(bound.text)")
        for (prefix, expected) in [(["/usr/bin/setpriv", "--no-new-privs"], true), (["/usr/bin/env"], false)] {
            let serving = Process()
            serving.executableURL = URL(fileURLWithPath: prefix[0])
            serving.arguments = prefix.dropFirst() + [server, "60"]
            try serving.run()
            defer {
                serving.terminate()
                serving.waitUntilExit()
            }
            Thread.sleep(forTimeInterval: 0.3)
            let found = doctor().text
            let own = "fcgiwrap (process \(serving.processIdentifier)) runs with NoNewPrivileges"
            #expect(
                found.contains(others.isEmpty ? own : "runs with NoNewPrivileges") == (expected || !others.isEmpty), "\(found)")
        }
    }

    @Test func theUnitLetsEachKnownMailSystemWrite() throws {
        let unit = try String(contentsOfFile: "\(projectFolder)/samples/nginx/latchkey@.service", encoding: .utf8)
        for program in ["/usr/sbin/postdrop", "/usr/sbin/exim4"] {
            let folders = MailTransport.folders(writtenBy: program)
            #expect(!folders.isEmpty)
            for folder in folders { #expect(unit.contains(" -\(folder)"), "\(folder)") }
        }
    }
}
