// README's sign-in, run as printed.

import Foundation
import TestSupport
import Testing

@Suite struct ReadmeServerTests {
    /// The first block of shell commands, or of another language, below the heading.
    private func block(below heading: String, in language: String = "sh") throws -> String {
        let text = try String(contentsOfFile: "\(projectFolder)/README.md", encoding: .utf8)
        let section = try #require(text.range(of: heading)).upperBound
        let start = try #require(text.range(of: "```\(language)\n", range: section..<text.endIndex)).upperBound
        let end = try #require(text.range(of: "\n```", range: start..<text.endIndex)).lowerBound
        return String(text[start..<end])
    }

    @Test func theSignInByCurlWorksAsPrinted() throws {
        let server = Lighttpd()
        let commands = try block(below: "## Sign in, from start to end")
        let result = Program(
            "/bin/bash", ["-eu", "-c", commands],
            environment: [
                "PATH": "/usr/bin:/bin", "PORT": String(server.port), "LATCHKEY_HOME": server.home.path,
            ]
        ).finish()
        let output = String(decoding: result.output, as: UTF8.self)
        #expect(result.exitCode == 0, "\(result.errors)")
        #expect(output.components(separatedBy: #""success":true"#).count - 1 == 8, "\(output)")
        #expect(!output.contains(#""success":false"#), "\(output)")
        #expect(output.contains(#""deactivated_at":"#))
    }

    /// Whichever limit an address reached, the message about it is true. A known network has a share of its own.
    @Test(arguments: [("resend_after = 8s", 2), ("resend_after = 0s\nlimit_send_per_email = 1/12s", 3)])
    func theSignInRunAgainSaysThatItWaitsAndWorks(settings: String, last: Int) throws {
        let server = Lighttpd(Home(settings: settings))
        let commands = try block(below: "## Sign in, from start to end").replacingOccurrences(of: "sleep 10", with: "sleep 1")
        for run in 1...last {
            let result = Program(
                "/bin/bash", ["-eu", "-c", commands],
                environment: ["PATH": "/usr/bin:/bin", "PORT": String(server.port), "LATCHKEY_HOME": server.home.path]
            ).finish()
            let output = String(decoding: result.output, as: UTF8.self)
            #expect(result.exitCode == 0, "\(result.errors)")
            #expect(output.components(separatedBy: #""success":true"#).count - 1 == 8, "\(output)")
            #expect(
                output.contains("seconds.\"}}\nada@example.com gets no mail until then. Waiting;") == (run == last), "\(output)")
        }
    }

    @Test func theSignInWaitsForAServiceThatDoesNotAnswer() throws {
        let commands = try block(below: "## Sign in, from start to end")
        let result = Program(
            "/usr/bin/timeout", ["3", "/bin/bash", "-eu", "-c", commands],
            environment: ["PATH": "/usr/bin:/bin", "PORT": "1", "LATCHKEY_HOME": "/nonexistent"]
        ).finish()
        #expect(result.exitCode == 124)
        #expect(
            String(decoding: result.output, as: UTF8.self)
                == "Latchkey does not answer at http://localhost:1. Start it with make run, or set PORT to its port.\n")
    }

    @Test func theHandlerByItselfWorksAsPrinted() throws {
        let home = Home()
        let commands = try block(below: "## A handler by itself")
            .replacingOccurrences(of: "$PWD/var", with: home.path)
        let result = Program(
            "/bin/bash", ["-eu", "-c", "cd \"$0\"; \(commands)", projectFolder],
            environment: ["PATH": "/usr/bin:/bin"]
        ).finish()
        #expect(Answer(result.output).status == 202, "\(result.errors)")
    }

    @Test func aTokenIsVerifiedElsewhereAsPrinted() throws {
        let server = Lighttpd()
        let ada = server.home.signIn("ada@example.com")
        let program = try block(below: "## Verify a token elsewhere", in: "python")
            .replacingOccurrences(of: "localhost:8000/.well-known", with: "localhost:\(server.port)/.well-known")
        let result = Program.run("python3", ["-c", "import sys; token = sys.argv[1]\n" + program, ada.accessToken])
        #expect(String(decoding: result.output, as: UTF8.self) == "\(ada.id) ada@example.com\n", "\(result.errors)")
    }

    /// `make test-servers` runs these programs.
    @Test(arguments: [("js", "verify.mjs"), ("go", "verify.go"), ("swift", "Verify.swift")])
    func theOtherLanguagesAreThoseOfTheSamples(language: String, file: String) throws {
        let sample = try String(contentsOfFile: "\(projectFolder)/samples/verify/\(file)", encoding: .utf8)
        let printed = try block(below: "## Verify a token elsewhere", in: language)
        #expect(printed.count > 500 && sample.contains("\n\(printed)\n"))
    }

    @Test func everyTestThatIsNamedIsThere() throws {
        let readme = try String(contentsOfFile: "\(projectFolder)/README.md", encoding: .utf8)
        let files =
            FileManager.default.enumerator(atPath: "\(projectFolder)/Tests")?.compactMap {
                ($0 as? String)?.split(separator: "/").last
            } ?? []
        let names = readme.components(separatedBy: "`").filter { $0.hasSuffix("Tests") || $0.hasSuffix(".py") }
        #expect(names.count > 40)
        for name in names { #expect(files.contains { $0 == name || $0 == "\(name).swift" }, "\(name)") }
    }
}
