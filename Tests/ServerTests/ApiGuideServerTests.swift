// docs/api-guide.md: its commands, run in order in one shell, get the answers that it shows.

import Foundation
import TestSupport
import Testing

@Suite struct ApiGuideServerTests {
    /// The commands, each with the answer that the guide shows after it, if any.
    private func steps() -> [(commands: String, answer: String?)] {
        var steps: [(commands: String, answer: String?)] = []
        for block in Guide(document: "docs/api-guide.md").blocks where block.mark == "test: ApiGuideServerTests" {
            if block.language == "json" {
                steps[steps.count - 1].answer = block.text
            } else {
                steps.append((block.text, nil))
            }
        }
        return steps
    }

    @Test func everyCommandGetsTheAnswerThatTheGuideShows() {
        let server = Lighttpd()
        let steps = steps()
        #expect(steps.count > 20 && steps.filter { $0.answer != nil }.count > 15)
        // A character that no answer contains ends the output of each step.
        let script = steps.map { "\($0.commands)\nprintf '\\036'\n" }.joined()
        let result = Program(
            "/bin/bash", ["-eu", "-c", script],
            environment: ["PATH": "/usr/bin:/bin", "PORT": String(server.port), "LATCHKEY_HOME": server.home.path]
        ).finish()
        #expect(result.exitCode == 0, "\(result.errors)")
        let outputs = String(decoding: result.output, as: UTF8.self).components(separatedBy: "\u{1E}")
        #expect(outputs.count == steps.count + 1)
        for (step, output) in zip(steps, outputs) {
            if let answer = step.answer {
                #expect(difference(from: answer, in: output) == nil, "\(step.commands)\n\(output)")
            } else {
                #expect(!output.contains(#""success":false"#), "\(step.commands)\n\(output)")
            }
        }
    }

    /// Rows begin with `| METHODS `path` | `executable` |`. One published path has a slash at its end.
    @Test func theTableHasEveryEndpoint() throws {
        let guide = try String(contentsOfFile: "\(projectFolder)/docs/api-guide.md", encoding: .utf8)
        let rows = guide.matches(of: /(?m)^\| ([A-Z, ]+) `(\/\S*?)\/?` \| `([\w-]+)` \|/).map { match in
            "\(match.3): \(match.1) \(match.2.replacing(/\{\w+\}/, with: "{}"))"
        }
        #expect(Set(rows) == Set(allRoutes.map { "\($0.name): \($0.methods.joined(separator: ", ")) \($0.path)" }))
    }
}
