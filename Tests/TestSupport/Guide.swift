// The code blocks of a document, for tests that run them as printed. A comment above each block names its test.

import Foundation

/// A document of the project, whose blocks are marked with `<!-- test: NAME -->`, or `<!-- sample: reason -->` if no test runs
/// them.
package struct Guide {
    /// One block of code.
    package struct Block: Equatable {
        /// The number of its first line, the fence, from 1.
        package let line: Int
        /// The word after the fence; empty: plain text, which needs no mark.
        package let language: String
        /// The comment in the line above the fence, without `<!--` and `-->`; nil if that line is no comment.
        package let mark: String?
        /// Its lines, without the fences.
        package let text: String
    }

    /// All blocks, in the document's order.
    package let blocks: [Block]

    /// Reads `document`, a path in the project's folder.
    package init(document: String) {
        let text = try! String(contentsOfFile: "\(projectFolder)/\(document)", encoding: .utf8)
        let lines = text.components(separatedBy: "\n")
        var blocks: [Block] = []
        var start: Int?
        for (index, line) in lines.enumerated() where line.hasPrefix("```") {
            if let first = start {
                blocks.append(
                    Block(
                        line: first + 1, language: String(lines[first].dropFirst(3)),
                        mark: first > 0 ? Guide.comment(lines[first - 1]) : nil,
                        text: lines[first + 1..<index].joined(separator: "\n")))
                start = nil
            } else {
                start = index
            }
        }
        precondition(start == nil, "\(document): a block does not end")
        self.blocks = blocks
    }

    private static func comment(_ line: String) -> String? {
        guard line.hasPrefix("<!-- "), line.hasSuffix(" -->"), line.count > 9 else { return nil }
        return String(line.dropFirst(5).dropLast(4))
    }

    /// The texts of the blocks that the test `name` runs, a Swift suite or a Python file, in the document's order.
    package func blocks(for name: String) -> [String] {
        blocks.filter { $0.mark == "test: \(name)" }.map(\.text)
    }
}
