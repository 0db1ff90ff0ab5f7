// The terminal transcripts in docs/operations.md: every command, run in order on one service, prints what they show.

import Foundation
import TestSupport
import Testing

@Suite struct TranscriptCommandTests {
    /// A command, and its output as the document shows it.
    private struct Step {
        let command: String
        var output = ""
    }

    private func steps() -> [Step] {
        var steps: [Step] = []
        for block in Guide(document: "docs/operations.md").blocks(for: "TranscriptCommandTests") {
            for line in block.components(separatedBy: "\n") {
                if line.hasPrefix("$ ") {
                    steps.append(Step(command: String(line.dropFirst(2))))
                } else if !steps.isEmpty {
                    steps[steps.count - 1].output += "\(line)\n"
                }
            }
        }
        return steps
    }

    /// `text` as the other tests compare it, with one id for every token key and one time for every restore.
    private func steady(_ text: String, in home: Home) -> String {
        home.steady(text)
            .replacingOccurrences(of: "(?m)(?<=^|key )[A-Za-z0-9_-]{43}(?= )", with: "KID", options: .regularExpression)
            .replacingOccurrences(of: "before-restore-[0-9T]{15}", with: "before-restore-TIME", options: .regularExpression)
    }

    @Test func everyCommandPrintsWhatIsShown() throws {
        let home = Home()
        let ada = home.signIn("ada@example.com")
        _ = home.signIn("grace@example.com")
        _ = home.createKey(by: ada)
        let scratch = "\(home.path)-shell"
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let steps = steps()
        #expect(steps.count >= 12)
        for step in steps {
            let result = Program(
                "/bin/bash", ["-c", "cd \"$0\" && { \(step.command)\n} 2>&1", scratch],
                environment: [
                    "PATH": "\(projectFolder)/.build/debug:/usr/bin:/bin", "LATCHKEY_HOME": home.path, "HOME": scratch,
                ]
            ).finish()
            let output = String(decoding: result.output, as: UTF8.self)
            let shown = step.output.replacingOccurrences(of: "/srv/latchkey", with: home.path)
            #expect(steady(output, in: home) == steady(shown, in: home), "\(step.command)")
        }
    }
}
