// docs/configuration.md: a test identity, made by the command that the document shows.

import Foundation
import TestSupport
import Testing

@Suite struct ConfigurationServerTests {
    @Test func theLineForATestIdentitySignsIn() throws {
        let blocks = Guide(document: "docs/configuration.md").blocks(for: "ConfigurationServerTests")
        #expect(blocks.count == 1)
        let server = Lighttpd(Home(settings: "test_identities = reviewers"))
        let result = Program(
            "/bin/bash", ["-eu", "-c", try #require(blocks.first)], environment: ["PATH": "/usr/bin:/bin"]
        ).finish()
        #expect(result.exitCode == 0, "\(result.errors)")
        let path = "\(server.home.path)/reviewers"
        let isMade = FileManager.default.createFile(
            atPath: path, contents: Data(result.output), attributes: [.posixPermissions: 0o600])
        #expect(isMade)
        let email = "reviewer@example.com"
        #expect(server.send("POST /auth/verification/send-code", body: #"{"email":"\#(email)"}"#).status == 202)
        let body = #"{"email":"\#(email)","code":"31415926"}"#
        #expect(server.send("POST /auth/verification/verify-code", body: body).status == 200, "\(server.log)")
        #expect(server.home.mails.isEmpty)
    }
}
