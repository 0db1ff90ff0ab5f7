// mail test: sends one mail at once, by the transport of all mail.

import Foundation
import TestSupport
import Testing

@Suite struct MailTestCommandTests {
    let home = Home()

    /// A mail command that runs this shell script.
    private func sendmail(_ script: String) -> [String: String] {
        let path = "\(home.path)/sendmail"
        makeFile(path, "#!/bin/sh\n\(script)\n", mode: 0o700)
        return ["LATCHKEY_MAIL": "sendmail \(path)"]
    }

    private func test(_ variables: [String: String] = [:], to address: String = "ada@example.com") -> Run {
        _ = home.admin("init")
        let run = home.admin("mail", "test", address, variables: variables)
        func steady(_ text: String) -> String {
            text.replacingOccurrences(of: "[0-9]+ ms", with: "N ms", options: .regularExpression)
        }
        return Run(code: run.code, output: steady(run.output), errors: steady(run.errors))
    }

    /// The command as docs/configuration.md shows it.
    @Test func theDocumentsCommandSendsOne() throws {
        let blocks = Guide(document: "docs/configuration.md").blocks(for: "MailTestCommandTests")
        let words = try #require(blocks.first).split(separator: " ").map { String($0) }
        #expect(blocks.count == 1 && words.first == "latchkey")
        _ = home.admin("init")
        let (code, output, errors) = latchkey(Array(words.dropFirst()), ["LATCHKEY_HOME": home.path])
        #expect(code == 0 && output.hasPrefix("Accepted after "), "\(errors)")
        #expect(home.mails.count == 1 && home.mails[0].contains("\nTo: you@example.com\n"))
    }

    @Test func intoAMaildirItIsWritten() throws {
        let run = test()
        #expect(run.code == 0)
        #expect(run.errors == "")
        #expect(run.output == "Accepted after N ms: written to HOME/mail/new.\n")
        #expect(home.mails.count == 1)
        let mail = try #require(home.mails.first).replacingOccurrences(
            of: "[A-Z][a-z]{2}, [0-9]{2} (?s:.{0,3})[A-Z](?s:.{0,3})[a-z]{2} [0-9: ]+\\+0000", with: "DATE",
            options: .regularExpression
        ).replacingOccurrences(of: "[0-9a-f-]{36}", with: "ID", options: .regularExpression)
        let lines = mail.components(separatedBy: "\n")
        #expect(
            Array(lines.prefix(9)) == [
                "Date: DATE", "From: Latchkey <latchkey@localhost.localdomain>", "To: ada@example.com",
                "Subject: Latchkey: test mail", "Message-ID: <ID@localhost.localdomain>", "Auto-Submitted: auto-generated",
                "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
                "Content-Transfer-Encoding: quoted-printable",
            ])
        #expect(mail.hasSuffix("\n\nMails with sign-in codes are sent in the same way. You do not need to do an=\nything.\n"))
        // The outbox does not hold it.
        #expect(home.number("SELECT count(*) FROM mail_items") == 0)
    }

    @Test func aCommandGetsItAsAllMail() throws {
        let run = test(sendmail("echo \"$@\" > \"$HOME/arguments\"; cat > \"$HOME/taken\"; echo queued as 42"))
        #expect(run.code == 0)
        #expect(run.output == "Accepted after N ms: HOME/sendmail exited with 0.\n")
        #expect(run.errors == "mail command: queued as 42\n")
        let arguments = try String(contentsOfFile: "\(home.path)/arguments", encoding: .utf8)
        #expect(arguments == "-i -f latchkey@localhost.localdomain -- ada@example.com\n")
        let taken = try String(contentsOfFile: "\(home.path)/taken", encoding: .utf8)
        #expect(taken.contains("\nTo: ada@example.com\nSubject: Latchkey: test mail\n"))
    }

    @Test func whatACommandSaysOfARefusalIsPrinted() {
        let run = test(sendmail("echo relay access denied >&2; exit 69"))
        #expect(run.code == 1)
        #expect(run.output == "")
        #expect(
            run.errors == """
                mail command: relay access denied
                latchkey: not accepted after N ms: HOME/sendmail exited with 69

                """)
        #expect(home.number("SELECT count(*) FROM mail_items") == 0)
    }

    @Test func aCommandThatIsNotThereIsARefusal() {
        let run = test(["LATCHKEY_MAIL": "sendmail /nowhere/sendmail"])
        #expect(run.code == 1)
        #expect(
            run.errors == "latchkey: not accepted after N ms: posix_spawn /nowhere/sendmail: "
                + "No such file or directory\n")
    }

    @Test func aKilledCommandIsARefusal() {
        let run = test(sendmail("kill -9 $$"))
        #expect(run.code == 1)
        #expect(run.errors == "latchkey: not accepted after N ms: HOME/sendmail was killed by a signal\n")
    }

    @Test func whatACommandSaysMovesNoCursor() {
        let run = test(sendmail("printf 'a\\033[2Jb\\r\\nc\\n'; exit 1"))
        #expect(
            run.errors == """
                mail command: a?[2Jb
                mail command: c
                latchkey: not accepted after N ms: HOME/sendmail exited with 1

                """)
    }

    @Test func anAddressThatIsNoneIsWrongUsage() {
        #expect(test(to: "-oQ/tmp").code == 64)
        #expect(test(to: "ada@example.com\nBcc: eve@example.com").code == 64)
        #expect(home.mails == [])
    }
}
