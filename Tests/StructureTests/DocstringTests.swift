// Every declaration that other modules see says what it does.

import Foundation
import TestSupport
import Testing

@Suite struct DocstringTests {
    @Test func everyPackageDeclarationHasADocstring() throws {
        let declaration =
            /^\s*(?:@\S+ )*package (?:static |final |mutating |indirect |(?:private|internal|fileprivate)\(set\) )*(?:func|struct|enum|class|init|var|let|typealias|subscript)\b/
        let sources = URL(filePath: "\(projectFolder)/Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var (count, missing) = (0, [String]())
        for case let file as URL in files where file.pathExtension == "swift" {
            let lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
            for (index, line) in lines.enumerated() where line.contains(declaration) {
                count += 1
                let before = lines[..<index].last { !$0.trimmingCharacters(in: .whitespaces).hasPrefix("@") }
                if before?.trimmingCharacters(in: .whitespaces).hasPrefix("///") != true {
                    missing.append("\(file.lastPathComponent):\(index + 1): \(line.trimmingCharacters(in: .whitespaces))")
                }
            }
        }
        #expect(count > 1000)
        #expect(missing.isEmpty, "\(missing.count):\n\(missing.joined(separator: "\n"))")
    }
}
