// Writes the sample file and the table in docs/configuration.md from the table of settings: `make settings`, in the project's
// folder.
//
// Only developers run this, and no package contains it, so it may use Foundation.

import Foundation
import Settings

/// `document` with its current table of settings; nil if it has none.
func withTable(_ document: String) -> String? {
    var lines = document.components(separatedBy: "\n")
    let table = SettingDescription.markdownTable
    guard let start = lines.firstIndex(of: table[0]), let end = lines[start...].firstIndex(of: "") else { return nil }
    lines.replaceSubrange(start..<end, with: table)
    return lines.joined(separator: "\n")
}

func write(_ text: String, to file: String) throws {
    let old = try? String(contentsOfFile: file, encoding: .utf8)
    guard old != text else { return }
    try text.write(toFile: file, atomically: false, encoding: .utf8)
    print("written: \(file)")
}

let document = "docs/configuration.md"
guard let text = withTable(try String(contentsOfFile: document, encoding: .utf8)) else {
    FileHandle.standardError.write(Data("write-settings: \(document) has no table of settings\n".utf8))
    exit(1)
}
try write(text, to: document)
try write(SettingDescription.sampleFile, to: "samples/latchkey.conf")
