// The command as a whole: who may run it, its help, its width and its exit codes.

import Foundation
import TestSupport
import Testing

private let everyCommand: [[String]] =
    [
        "", "init", "settings", "user", "user list", "user show", "user create", "user deactivate",
        "user activate", "user superuser", "user tier", "user credit", "user rename", "user email",
        "user delete",
        "session", "session list", "session revoke", "project", "project list", "project show",
        "project create", "project rename", "project add-member", "project remove-member", "project delete",
        "key",
        "key list", "key create", "key deactivate", "audit", "audit show", "limits", "limits show",
        "limits clear", "mail", "mail list", "mail flush", "export", "secret", "secret rotate", "token-key",
        "token-key list", "token-key rotate", "purge", "migrate", "backup", "restore",
        "doctor", "mail test",
    ].map { $0.split(separator: " ").map { String($0) } }

@Suite struct EveryCommandTests {
    @Test(arguments: ["GATEWAY_INTERFACE", "REQUEST_METHOD"])
    func itRefusesToRunUnderAWebServer(variable: String) {
        let home = Home()
        let run = home.admin("init", variables: [variable: ""])
        #expect(run.code == 64)
        #expect(run.output == "")
        #expect(run.errors == "latchkey does not run under a web server\n")
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/latchkey.db"))
    }

    @Test(arguments: everyCommand)
    func everyHelpTeachesByOneExampleWithin80Columns(command: [String]) {
        let (code, output, errors) = latchkey(command + ["--help"])
        #expect(code == 0)
        #expect(errors == "")
        #expect(wideLines(of: output) == [])
        #expect(output.components(separatedBy: "Example: ").count == 2)
        let example = output.components(separatedBy: "Example: ").last ?? ""
        #expect(example.contains((["latchkey"] + command).joined(separator: " ")))
    }

    @Test func theHelpOfACommandIsWhole() {
        #expect(
            latchkey(["user", "deactivate", "--help"]).1 == """
                OVERVIEW: Deactivates an account and ends its sessions.

                Its access tokens and API keys stop working at once, and it cannot sign in
                until it is activated. Services that verify access tokens only by the key set
                accept them until they expire. Projects that have no active owner now are
                listed.

                Example: latchkey user deactivate ada@example.com

                USAGE: latchkey user deactivate <user>

                ARGUMENTS:
                  <user>                  An e-mail address or an account's id.

                OPTIONS:
                  --version               Show the version.
                  -h, --help              Show help information.


                """)
    }

    @Test func bashCompletesItsCommands() {
        let script = """
            source <("$1" --generate-completion-script bash) || exit 1
            COMP_WORDS=(latchkey us) COMP_CWORD=1 COMP_LINE='latchkey us' COMP_POINT=11
            _latchkey latchkey us latchkey
            echo "${COMPREPLY[@]}"
            COMPREPLY=()
            COMP_WORDS=(latchkey user de) COMP_CWORD=2 COMP_LINE='latchkey user de' COMP_POINT=16
            _latchkey latchkey de user
            echo "${COMPREPLY[@]}"
            """
        let run = Program.run(
            "bash", ["--norc", "-c", script, "bash", "\(projectFolder)/.build/debug/latchkey"],
            environment: ["PATH": "\(projectFolder)/.build/debug:/usr/bin:/bin"])
        #expect(String(decoding: run.output, as: UTF8.self) == "user\ndeactivate delete\n", "\(run.errors)")
    }

    /// Progress is shown only on a terminal.
    @Test func progressIsShownOnATerminalAlone() {
        let home = Home()
        _ = home.admin("init")
        let file = "\(home.path)/b.tar"
        #expect(home.admin("backup", file).errors == "")
        let command = "\(projectFolder)/.build/debug/latchkey restore \(file)"
        let run = Program(
            "/usr/bin/script", ["-qec", command, "/dev/null"],
            environment: ["LATCHKEY_HOME": home.path, "SHELL": "/bin/sh"]
        ).finish()
        let text = String(decoding: run.output, as: UTF8.self)
        #expect(
            text.contains(
                "\r\(isPostgreSQL ? "copying" : "replacing") 100%\u{1B}[K\r\u{1B}[KRestored 5 files; 0 sessions ended."),
            "\(text)")
        #expect(home.admin("restore", file).errors == "")
    }

    @Test func itsVersionIsThatOfTheRelease() throws {
        let version = try String(contentsOfFile: "\(projectFolder)/VERSION", encoding: .utf8)
        #expect(latchkey(["--version"]).1 == version)
    }

    @Test func whatIsNoTextIsRefusedByName() {
        let home = Home()
        _ = home.admin("init")
        func shell(_ script: String) -> ProgramResult {
            Program(
                "/bin/sh", ["-c", script, "\(projectFolder)/.build/debug/latchkey"], environment: ["LATCHKEY_HOME": home.path]
            ).finish()
        }
        let argument = shell(#"exec "$0" backup "$(printf '/tmp/latchkey-\377.tar')""#)
        #expect(argument.exitCode == 64 && argument.errors == "latchkey: argument 2 is not UTF-8\n", "\(argument.errors)")
        let folder = shell(#"LATCHKEY_HOME=$(printf '/tmp/latchkey-\377') exec "$0" init"#)
        #expect(folder.exitCode == 1)
        #expect(folder.errors == "latchkey: state folder: LATCHKEY_HOME is not UTF-8\n", "\(folder.errors)")
        let setting = shell(#"LATCHKEY_MAIL_SUBJECT=$(printf 'a\377') exec "$0" settings"#)
        #expect(setting.exitCode == 1)
        #expect(setting.errors == "latchkey: environment:LATCHKEY_MAIL_SUBJECT: not UTF-8\n", "\(setting.errors)")
    }

    @Test func aFolderWithTwoSpacesIsThatFolder() {
        let path = "\(NSTemporaryDirectory())latchkey  test \(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(latchkey(["init"], ["LATCHKEY_HOME": path]).1.contains("state folder  \(path)\n"))
        #expect(FileManager.default.fileExists(atPath: "\(path)/secret.key"))
    }

    @Test func aMistypedFolderIsNotMade() {
        let path = "\(NSTemporaryDirectory())latchkey-test-none-\(UUID().uuidString)"
        let (code, output, errors) = latchkey(["user", "list"], ["LATCHKEY_HOME": path])
        #expect(code == 1)
        #expect(output == "")
        #expect(errors == "latchkey: state folder: \(path) does not exist; latchkey init creates it\n")
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aFolderWithoutADatabaseIsLeftSo() {
        let home = Home()
        let run = home.admin("user", "list")
        #expect(run.code == 1)
        let missing = isPostgreSQL ? "secret.key" : "database"
        #expect(run.errors == "latchkey: state folder: HOME has no \(missing); latchkey init creates it\n")
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/latchkey.db"))
    }

    @Test func wrongUsageIs64() {
        for arguments in [
            ["no-such-command"], ["user", "show"], ["user", "show", "not an address"],
            ["user", "credit", "ada@example.com", "-5"], ["user", "delete", "ada@example.com"],
            ["session", "revoke"], ["key", "list"], ["limits", "clear"], ["audit", "show", "--since", "soon"],
        ] {
            let (code, output, _) = latchkey(arguments)
            #expect(code == 64, "\(arguments)")
            #expect(output == "")
        }
    }

    @Test func whatIsNotThereIs69() {
        let home = Home()
        _ = home.admin("init")
        let none = "5c7b1a3e-0000-4000-8000-000000000000"
        for (arguments, sentence) in [
            (["user", "show", "bob@example.com"], "there is no account bob@example.com"),
            (["user", "tier", "bob@example.com", "pro"], "there is no account bob@example.com"),
            (["user", "delete", "bob@example.com", "--yes"], "there is no account bob@example.com"),
            (["session", "revoke", none], "there is no open session \(none)"),
            (["key", "list", "--project", none], "there is no project \(none)"),
            (["key", "deactivate", none], "there is no key \(none)"),
            (["limits", "clear", "bob@example.com"], "there is no such count"),
        ] {
            let (code, output, errors) = latchkey(arguments, ["LATCHKEY_HOME": home.path])
            #expect(code == 69)
            #expect(output == "")
            #expect(errors == "latchkey: \(sentence)\n")
        }
    }
}
