// The blocks of commands and code in the documents. A test that runs a block reads it from the document, so that the
// document shows what works.
//
// A line above each block says what runs it: `<!-- test: NAME -->` names a Swift suite or a Python file.
// Tests/Support/latchkey_tests/guide.py reads the same marks.

import Foundation

/// A document with marked blocks.
package struct Guide {
    private let lines: [String]

    /// The document at the path `document` in the project's folder; one without blocks if it cannot be read.
    package init(document: String) {
        let text = (try? String(contentsOfFile: "\(projectFolder)/\(document)", encoding: .utf8)) ?? ""
        lines = text.components(separatedBy: "\n")
    }

    /// The blocks marked with `<!-- test: NAME -->` for the name `test`, in the document's order, without their fences.
    package func blocks(for test: String) -> [String] {
        lines.indices.filter { lines[$0] == "<!-- test: \(test) -->" }.compactMap { mark in
            guard mark + 1 < lines.count, lines[mark + 1].hasPrefix("```") else { return nil }
            let block = lines[(mark + 2)...].prefix { $0 != "```" }
            return block.endIndex < lines.count ? block.joined(separator: "\n") : nil
        }
    }
}
