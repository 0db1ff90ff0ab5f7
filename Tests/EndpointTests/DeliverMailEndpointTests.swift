// deliver-mail, in a separate process, empties the outbox.

import Foundation
import Glibc
import TestSupport
import Testing

/// A mail command that records its arguments and input, and exits with `code`.
private func mailCommand(in home: Home, exiting code: String) -> String {
    let path = "\(home.path)/sendmail"
    let script = """
        #!/bin/sh
        { echo "$# $*"; env | sort; } > "$HOME/arguments"
        cat > "$HOME/message"
        echo x >> "$HOME/runs"
        \(code)
        """
    try! script.write(toFile: path, atomically: true, encoding: .utf8)
    chmod(path, 0o700)
    return path
}

private func wait(for condition: () -> Bool) -> Bool {
    for _ in 0..<200 {
        if condition() { return true }
        shortPause()
    }
    return false
}

private func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

private func send(_ home: Home, _ settings: [String: String] = [:]) -> Answer {
    home.post("send-code", #"{"email":"ada@example.com"}"#, settings)
}

@Suite struct DeliverMailEndpointTests {
    let home = Home()

    @Test func aMailIsWhatMailProgramsRead() {
        #expect(send(home).status == 202)
        let code = home.code(for: "ada@example.com")
        let reader = """
            import email, email.policy, sys
            m = email.message_from_file(open(sys.argv[1]), policy=email.policy.default)
            assert not m.defects, m.defects
            print(m['Subject']); print(m['To']); print(m['From']); print(m['Auto-Submitted'])
            print(m['Date'].datetime.tzinfo is not None, m['Message-ID'].startswith('<'))
            parts = list(m.iter_parts())
            print([p.get_content_type() for p in parts])
            print(all(sys.argv[2] in p.get_content() for p in parts))
            """
        let folder = "\(home.path)/mail/new"
        let file = try! FileManager.default.contentsOfDirectory(atPath: folder)[0]
        let result = Program.run("python3", ["-c", reader, "\(folder)/\(file)", code])
        #expect(
            String(decoding: result.output, as: UTF8.self) == """
                \(code) is your sign-in code for Latchkey
                ada@example.com
                Latchkey <latchkey@localhost.localdomain>
                auto-generated
                True True
                ['text/plain', 'text/html']
                True

                """, "\(result.errors)")
    }

    @Test func aWebServerThatRunsItGetsNotFoundAndNoMailIsSent() {
        #expect(send(home, ["LATCHKEY_MAIL": "sendmail /nonexistent/sendmail"]).status == 202)
        #expect(wait { home.number("SELECT count(*) FROM mail_items WHERE last_error IS NOT NULL") == 1 })
        home.sql("UPDATE mail_items SET due_at = 0")
        for variable in ["GATEWAY_INTERFACE", "REQUEST_METHOD"] {
            let result = Program(
                "\(executables)/deliver-mail", environment: ["LATCHKEY_HOME": home.path, variable: "GET"]
            ).finish()
            #expect(result.exitCode == 0)
            #expect(Answer(result.output).status == 404)
            #expect(Answer(result.output).code == "not_found")
            #expect(result.errors.isEmpty)
        }
        #expect(home.mails.isEmpty)
        // The deliverer that waits to retry may have tried it again meanwhile.
        #expect(home.number("SELECT count(*) FROM mail_items") == 1)
    }

    @Test func theMailCommandGetsArgumentsAndALittleEnvironment() {
        let path = mailCommand(in: home, exiting: "exit 0")
        #expect(send(home, ["LATCHKEY_MAIL": "sendmail \(path)", "LATCHKEY_MAIL_FROM": "Ünï <from@example.org>"]).status == 202)
        #expect(wait { home.number("SELECT count(*) FROM mail_items") == 0 })
        let arguments = text("\(home.path)/arguments")
        #expect(arguments.hasPrefix("5 -i -f from@example.org -- ada@example.com\n"), "\(arguments)")
        #expect(!arguments.contains("REMOTE_ADDR"))
        #expect(!arguments.contains("LATCHKEY"))
        #expect(text("\(home.path)/message").contains("From: =?utf-8?B?w5xuw68=?= <from@example.org>\n"))
    }

    @Test func aTemporaryFailureIsTriedAgainUntilItWorks() {
        let path = mailCommand(in: home, exiting: "[ $(wc -l < \"$HOME/runs\") -ge 2 ] || exit 75")
        #expect(send(home, ["LATCHKEY_MAIL": "sendmail \(path)"]).status == 202)
        #expect(wait { text("\(home.path)/latchkey.log").contains("event=mail-postponed") })
        #expect(wait { home.number("SELECT count(*) FROM mail_items WHERE last_error LIKE '%exited with 75'") == 1 })
        // The deliverer stays for the second attempt, five seconds later.
        #expect(wait { text("\(home.path)/runs") == "x\n" })
        Thread.sleep(forTimeInterval: 4)
        #expect(wait { home.number("SELECT count(*) FROM mail_items") == 0 })
        #expect(text("\(home.path)/runs") == "x\nx\n")
    }

    @Test func aPermanentFailureIsNotTriedAgain() {
        let path = mailCommand(in: home, exiting: "exit 67")
        #expect(send(home, ["LATCHKEY_MAIL": "sendmail \(path)"]).status == 202)
        #expect(wait { home.number("SELECT count(*) FROM mail_items WHERE due_at IS NULL") == 1 })
        #expect(text("\(home.path)/latchkey.log").contains("event=mail-refused"))
    }

    @Test func aMissingMailCommandFailsNoSignIn() {
        #expect(send(home, ["LATCHKEY_MAIL": "sendmail /nonexistent/sendmail"]).status == 202)
        #expect(wait { home.number("SELECT count(*) FROM mail_items WHERE last_error IS NOT NULL") == 1 })
        // Once the command exists, the next deliverer sends the mail. The first one may still run, and try it once more.
        for _ in 0..<20 where home.mails.isEmpty {
            home.sql("UPDATE mail_items SET due_at = 0")
            let result = Program("\(executables)/deliver-mail", environment: ["LATCHKEY_HOME": home.path]).finish()
            #expect(result.exitCode == 0)
        }
        #expect(home.mails.count == 1)
    }

    @Test func nothingIsSentAfterItsCodeExpiredOrWasReplaced() {
        let idle = ["LATCHKEY_MAIL": "sendmail /nonexistent/sendmail"]
        #expect(send(home, idle).status == 202)
        #expect(wait { home.number("SELECT count(*) FROM mail_items WHERE last_error IS NOT NULL") == 1 })
        home.sql("UPDATE mail_items SET due_at = 0, expires_at = 1000 * unixepoch() - 1")
        _ = Program("\(executables)/deliver-mail", environment: ["LATCHKEY_HOME": home.path]).finish()
        #expect(home.mails.isEmpty)
        #expect(home.number("SELECT count(*) FROM mail_items WHERE due_at IS NULL") == 1)
        home.sql("UPDATE mail_items SET due_at = 0, expires_at = 9e15; UPDATE challenges SET used_at = 1")
        _ = Program("\(executables)/deliver-mail", environment: ["LATCHKEY_HOME": home.path]).finish()
        #expect(home.mails.isEmpty)
    }

    @Test func twoDeliverersSendOneMail() {
        #expect(send(home, ["LATCHKEY_MAIL": "sendmail /nonexistent/sendmail"]).status == 202)
        #expect(wait { home.number("SELECT count(*) FROM mail_items WHERE last_error IS NOT NULL") == 1 })
        let path = mailCommand(in: home, exiting: "sleep 0.5")
        home.sql("UPDATE mail_items SET due_at = 0, last_error = NULL")
        _ = inParallel(4) { [home] _ in
            Program(
                "\(executables)/deliver-mail",
                environment: ["LATCHKEY_HOME": home.path, "LATCHKEY_MAIL": "sendmail \(path)"]
            ).finish().exitCode
        }
        #expect(text("\(home.path)/runs") == "x\n")
    }

    @Test func theHandlerDoesNotWaitForTheMailCommand() {
        let path = mailCommand(in: home, exiting: "sleep 3")
        let start = Date()
        #expect(send(home, ["LATCHKEY_MAIL": "sendmail \(path)"]).status == 202)
        // finish() reads output and errors to their end, so a child that held them open would delay it.
        #expect(Date().timeIntervalSince(start) < 2)
    }
}
