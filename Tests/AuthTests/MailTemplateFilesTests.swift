// Mail texts in files, as common editors write them.

import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct MailTemplateFilesTests {
    private let folder = "/tmp/latchkey-test-\(UUID.random().text)"

    private func write(_ files: [String: [UInt8]]) throws {
        try File.createFolder(folder)
        for (name, bytes) in files { try File.create("\(folder)/\(name)", bytes) }
    }

    @Test(arguments: [
        "Subject: Your code {code}\n\nType {code}.\nBye\n", "\u{FEFF}Subject: Your code {code}\r\n\r\nType {code}.\r\nBye\r\n",
        "Subject:Your code {code}  \r\n \t\r\nType {code}.\r\nBye\r\n", "Subject: Your code {code}\r\rType {code}.\rBye\r",
    ]) func aTextFromAnyEditorIsTheSameText(text: String) throws {
        try write(["code.txt": Array(text.utf8), "code.html": Array("\u{FEFF}<p>{code}</p>\r\n".utf8)])
        defer { File.removeFolder(folder) }
        let template = try MailTemplates(folder: folder).template(.code, in: .english, count: 10)
        #expect(template.subject == "Your code {code}")
        #expect(template.text == "Type {code}.\nBye\n")
        #expect(template.html == "<p>{code}</p>\n")
        let found = MailTemplates.examine(folder: folder)
        #expect(found.used == ["code.html", "code.txt"] && found.faults == [] && found.unused == [])
    }

    @Test func aFileThatCannotBeUsedIsNamed() throws {
        try write([
            "code.txt": Array("Hello\n\nType {code}.\n".utf8), "code.de.txt": [0xFF, 0xFE, 0x53, 0],
            "invitation.txt": Array("Subject: x\ntext\n".utf8),
            "key-expiry.fr.txt": Array("Subject: x\n\n\u{e9}\n".utf8), "key-expiry.html": [], "code.xx.txt": [], "codes.txt": [],
            "code.txt~": [],
            "email-code.txt": Array("Subject: \u{e9}\n\ntext\n".utf8).map { $0 == 0xA9 ? 0x41 : $0 }, ".swp": [],
        ])
        defer { File.removeFolder(folder) }
        let found = MailTemplates.examine(folder: folder)
        #expect(found.used == ["key-expiry.fr.txt"])
        #expect(
            found.faults == [
                "\(folder)/code.de.txt: not UTF-8", "code.txt does not begin with a line \"Subject: …\" and an empty line",
                "\(folder)/email-code.txt: not UTF-8",
                "invitation.txt does not begin with a line \"Subject: …\" and an empty line",
            ])
        #expect(found.unused == ["code.txt~", "code.xx.txt", "codes.txt", "key-expiry.html"])
    }

    @Test func withoutAFolderNothingIsFound() {
        let found = MailTemplates.examine(folder: folder)
        #expect(found.used == [] && found.faults == [] && found.unused == [])
    }
}
