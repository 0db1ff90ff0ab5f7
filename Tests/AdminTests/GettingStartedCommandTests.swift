// The operator's command in docs/getting-started.md: the doctor, and a new beginning.

import Foundation
import TestSupport
import Testing

@Suite struct GettingStartedCommandTests {
    /// Runs the document's block `number` on `home`, whose service is at `port`.
    private func run(_ number: Int, on home: Home, port: UInt16) throws -> ProgramResult {
        let blocks = Guide(document: "docs/getting-started.md").blocks(for: "GettingStartedCommandTests")
        #expect(blocks.count == 2)
        let commands = try #require(blocks.dropFirst(number).first)
        #expect(commands.contains("LATCHKEY_HOME=$PWD/var ") && commands.contains(" bin/latchkey "))
        let adapted = commands.replacingOccurrences(of: "$PWD/var", with: home.path)
            .replacingOccurrences(of: "rm -r var\n", with: "rm -r \(home.path)\n")
            .replacingOccurrences(of: "bin/latchkey", with: "\(projectFolder)/.build/debug/latchkey")
            .replacingOccurrences(of: "${PORT:-8000}", with: "\(port)")
        let environment = TestDatabase.variables(of: home.path).merging(["PATH": "/usr/bin:/bin"]) { $1 }
        return Program("/bin/bash", ["-eu", "-c", adapted], environment: environment).finish()
    }

    @Test func doctorFindsNoFault() throws {
        let server = Lighttpd()
        _ = server.home.signIn("ada@example.com")
        let result = try run(0, on: server.home, port: server.port)
        let output = String(decoding: result.output, as: UTF8.self)
        #expect(result.exitCode == 0, "\(output)\(result.errors)")
        #expect(output.contains("GET /health: 200 from Latchkey"))
    }

    @Test(.enabled(if: !isPostgreSQL, "the state of PostgreSQL is not in the folder"))
    func aDeletedStateIsMissedUntilThereIsANewOne() throws {
        let server = Lighttpd()
        let body = #"{"email":"ada@example.com"}"#
        #expect(server.send("POST /auth/verification/send-code", body: body).status == 202)
        _ = server.home.code(for: "ada@example.com")
        try FileManager.default.removeItem(atPath: server.home.path)
        mkdir(server.home.path, 0o700)
        #expect(server.send("POST /auth/verification/send-code", body: body).status == 503)
        #expect(try run(1, on: server.home, port: server.port).exitCode == 0)
        #expect(server.send("POST /auth/verification/send-code", body: body).status == 202, "\(server.log)")
    }
}
