// docs/configuration.md: the commands that it shows.

import Foundation
import TestSupport
import Testing

@Suite struct ConfigurationServerTests {
    private let blocks = Guide(document: "docs/configuration.md").blocks(for: "ConfigurationServerTests")

    @Test func theSampleIsAFileOfSettingsForItsOwnerAlone() throws {
        let server = Lighttpd()
        let command = try #require(blocks.first).replacingOccurrences(of: "var/", with: "\(server.home.path)/")
        let result = Program(
            "/bin/bash", ["-eu", "-c", "cd \"$0\"; \(command)", projectFolder], environment: ["PATH": "/usr/bin:/bin"]
        ).finish()
        #expect(result.exitCode == 0, "\(result.errors)")
        let path = "\(server.home.path)/latchkey.conf"
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        let body = #"{"email":"ada@example.com"}"#
        #expect(server.send("POST /auth/verification/send-code", body: body).status == 202, "\(server.log)")
    }

    @Test func theLineForATestIdentitySignsIn() throws {
        #expect(blocks.count == 2)
        let server = Lighttpd(Home(settings: "test_identities = reviewers"))
        let result = Program(
            "/bin/bash", ["-eu", "-c", try #require(blocks.last)], environment: ["PATH": "/usr/bin:/bin"]
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
