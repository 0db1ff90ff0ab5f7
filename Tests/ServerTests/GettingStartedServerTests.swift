// The first sign-in and the first API key, run as README.md and docs/getting-started.md show them.

import Foundation
import TestSupport
import Testing

@Suite struct GettingStartedServerTests {
    /// The blocks of docs/getting-started.md, in one shell: the look at the mails, then a sign-in from start to end.
    private let blocks = Guide(document: "docs/getting-started.md").blocks(for: "GettingStartedServerTests")

    /// The sign-in with its API key.
    private var signIn: String { blocks.dropFirst().joined(separator: "\n") }

    private func run(_ commands: String, port: UInt16, home: String, in folder: String = "/") -> ProgramResult {
        Program(
            "/bin/bash", ["-eu", "-c", "cd \"$0\"\n\(commands)", folder],
            environment: ["PATH": "/usr/bin:/bin", "PORT": String(port), "LATCHKEY_HOME": home]
        ).finish()
    }

    private func text(_ result: ProgramResult) -> String { String(decoding: result.output, as: UTF8.self) }

    private func successes(_ output: String) -> Int { output.components(separatedBy: #""success":true"#).count - 1 }

    @Test func theSignInByCurlWorksAsPrinted() throws {
        #expect(blocks.count == 7)
        let server = Lighttpd()
        let result = run(signIn, port: server.port, home: server.home.path)
        let output = text(result)
        #expect(result.exitCode == 0, "\(result.errors)")
        #expect(successes(output) == 9, "\(output)")
        #expect(!output.contains(#""success":false"#), "\(output)")
        #expect(output.contains(#""deactivated_at":"#))
    }

    @Test func theMailIsWhereTheDocumentSays() throws {
        let home = Home()
        #expect(home.post("send-code", #"{"email":"ada@example.com"}"#).status == 202)
        let code = home.code(for: "ada@example.com")
        let look = try #require(blocks.first).replacingOccurrences(of: "var/mail", with: "\(home.path)/mail")
        #expect(text(run(look, port: 1, home: home.path)) == "Subject: \(code) is your sign-in code for Latchkey\n")
    }

    /// The message is true for each limit that an address can reach. A known network has its own share.
    @Test(arguments: [("resend_after = 8s", 2), ("resend_after = 0s\nlimit_send_per_email = 1/12s", 3)])
    func theSignInRunAgainSaysThatItWaitsAndWorks(settings: String, last: Int) throws {
        let server = Lighttpd(Home(settings: settings))
        let commands = signIn.replacingOccurrences(of: "sleep 10", with: "sleep 1")
        for number in 1...last {
            let result = run(commands, port: server.port, home: server.home.path)
            let output = text(result)
            #expect(result.exitCode == 0, "\(result.errors)")
            #expect(successes(output) == 9, "\(output)")
            #expect(
                output.contains("seconds.\"}}\nWaiting until ada@example.com can get another") == (number == last), "\(output)")
        }
    }

    @Test func theSignInWaitsForAServiceThatDoesNotAnswer() throws {
        let result = Program(
            "/usr/bin/timeout", ["3", "/bin/bash", "-eu", "-c", signIn],
            environment: ["PATH": "/usr/bin:/bin", "PORT": "1", "LATCHKEY_HOME": "/nonexistent"]
        ).finish()
        #expect(result.exitCode == 124)
        #expect(
            text(result) == "Latchkey does not answer at http://localhost:1. Start it with make run, or set PORT to its port.\n")
    }

    /// README's shorter one, which knows the port and the state folder of `make run` only.
    @Test func readmesSignInWorksAsPrinted() throws {
        let server = Lighttpd()
        let blocks = Guide(document: "README.md").blocks(for: "GettingStartedServerTests")
        #expect(blocks.count == 1)
        let commands = try #require(blocks.first)
        #expect(commands.contains("api=http://localhost:${PORT:-8000}\n") && commands.contains(" var/mail/new/*"))
        let result = run(
            // A busy machine may need longer.
            commands.replacingOccurrences(
                of: "; sleep 2\n", with: "; until ls var/mail/new/* >/dev/null 2>&1; do sleep 0.1; done\n"
            )
            .replacingOccurrences(of: "var/mail", with: "\(server.home.path)/mail"),
            port: server.port, home: server.home.path)
        let output = text(result)
        #expect(result.exitCode == 0, "\(result.errors)")
        #expect(successes(output) == 3, "\(output)")
        #expect(output.contains(#""email":"ada@example.com""#) && output.contains(#""full_key":"sk_"#), "\(output)")
    }
}
