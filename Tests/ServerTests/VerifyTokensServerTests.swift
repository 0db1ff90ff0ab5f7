// docs/verify-tokens.md: its commands and programs, run as printed on a real server.

import Foundation
import TestSupport
import Testing

@Suite struct VerifyTokensServerTests {
    /// The guide's blocks in `language` that this suite runs, with the service's address in place of the default one.
    private func blocks(
        in language: String, for server: Lighttpd? = nil, by test: String = "VerifyTokensServerTests"
    ) -> [String] {
        Guide(document: "docs/verify-tokens.md").blocks
            .filter { $0.language == language && $0.mark == "test: \(test)" }
            .map { block in
                guard let server else { return block.text }
                // `iss` stays the default base_url.
                return block.text.replacing("localhost:8000/", with: "localhost:\(server.port)/")
            }
    }

    private func shell(_ commands: String, key: String = "") -> String {
        let result = Program(
            "/bin/bash", ["-eu", "-c", commands], environment: ["PATH": "/usr/bin:/bin", "key": key]
        ).finish()
        #expect(result.exitCode == 0, "\(result.errors)")
        return String(decoding: result.output, as: UTF8.self)
    }

    @Test func theKeySetAndTheClaimsHaveTheirForms() throws {
        let server = Lighttpd()
        let ada = server.home.signIn("ada@example.com")
        let forms = blocks(in: "json")
        try #require(forms.count == 2)
        #expect(difference(from: forms[0], in: shell(blocks(in: "sh", for: server)[0])) == nil)
        var payload = String(ada.accessToken.split(separator: ".")[1]).replacing("-", with: "+").replacing("_", with: "/")
        payload += String(repeating: "=", count: (4 - payload.count % 4) % 4)
        let claims = String(decoding: try #require(Data(base64Encoded: payload)), as: UTF8.self)
        let times = /\b[0-9]{10}\b/
        #expect(difference(from: forms[1].replacing(times, with: "0"), in: claims.replacing(times, with: "0")) == nil)
    }

    @Test func aTokenIsVerifiedInPython() throws {
        let server = Lighttpd()
        let ada = server.home.signIn("ada@example.com")
        let program = try #require(blocks(in: "python", for: server, by: "verify_samples.py").first)
        let result = Program.run("python3", ["-c", "import sys; token = sys.argv[1]\n" + program, ada.accessToken])
        #expect(String(decoding: result.output, as: UTF8.self) == "\(ada.id) ada@example.com\n", "\(result.errors)")
    }

    /// verify_samples.py runs these programs.
    @Test(arguments: [("js", "verify.mjs"), ("go", "verify.go"), ("swift", "Verify.swift")])
    func theOtherLanguagesAreThoseOfTheSamples(language: String, file: String) throws {
        let sample = try String(contentsOfFile: "\(projectFolder)/samples/verify/\(file)", encoding: .utf8)
        let printed = try #require(blocks(in: language).first)
        #expect(printed.count > 500 && sample.contains("\n\(printed)\n"))
    }

    @Test func anAPIKeyIsVerified() throws {
        let server = Lighttpd()
        let ada = server.home.signIn("ada@example.com")
        let key = server.home.createKey(by: ada, #","scopes":["reports:*","files:read"],"expires_in_days":90"#).secret
        let output = named(shell(blocks(in: "sh", for: server)[1], key: key)).components(separatedBy: "\r\n")
        let fields = try #require(blocks(in: "http").first).components(separatedBy: "\n")
        #expect(fields.count == 6)
        for field in fields { #expect(output.contains(named(field)), "\(field): \(output)") }

        let program = try #require(blocks(in: "python", for: server).first)
        let uses = """
            import sys

            \(program)

            key = sys.argv[1]
            print(verified(key, "reports:read")["project_id"], verified(key, "reports"), verified("no key", "reports:read"))
            """
        let result = Program.run("python3", ["-c", uses, key])
        #expect(String(decoding: result.output, as: UTF8.self) == "\(ada.project) None None\n", "\(result.errors)")
    }

    /// `text` with names in place of ids and times.
    private func named(_ text: String) -> String {
        text.replacing(/[0-9a-f]{8}-[0-9a-f-]{27}/, with: "<uuid>")
            .replacing(/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z/, with: "<time>")
    }
}
