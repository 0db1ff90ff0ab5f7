// Writes the sample file and README's table from the table of settings: `make settings`, in the project's folder.

import Foundation
import Settings

/// `readme` with its current table of settings; nil if it has none.
func withTable(_ readme: String) -> String? {
    var lines = readme.components(separatedBy: "\n")
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

guard let readme = withTable(try String(contentsOfFile: "README.md", encoding: .utf8)) else {
    FileHandle.standardError.write(Data("write-settings: README.md has no table of settings\n".utf8))
    exit(1)
}
try write(readme, to: "README.md")
try write(SettingDescription.sampleFile, to: "samples/latchkey.conf")
