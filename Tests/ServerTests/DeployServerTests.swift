// docs/deploy.md: an executable without any server. Tests/Servers/deploy.py, install.py and package.py run the other commands.

import Foundation
import TestSupport
import Testing

@Suite struct DeployServerTests {
    @Test func anExecutableByHandWorksAsPrinted() throws {
        let blocks = Guide(document: "docs/deploy.md").blocks(for: "DeployServerTests")
        #expect(blocks.count == 1)
        let home = Home()
        let database = TestDatabase.variables(of: home.path).map { "\($0.key)='\($0.value)' " }.joined()
        let commands = try #require(blocks.first).replacingOccurrences(of: "$PWD/var", with: home.path)
            .replacingOccurrences(of: "LATCHKEY_HOME=", with: "\(database)LATCHKEY_HOME=")
        let result = Program(
            "/bin/bash", ["-eu", "-c", "cd \"$0\"\n\(commands)", projectFolder],
            environment: ["PATH": "/usr/bin:/bin"]
        ).finish()
        #expect(Answer(result.output).status == 202, "\(result.errors)")
    }
}
