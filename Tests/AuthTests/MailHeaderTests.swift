// Header fields of a mail: encoded, bounded and folded.

import Cryptography
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct MailHeaderTests {
    private func lines(_ field: String) -> [Substring] { field.split(separator: "\n") }

    @Test func anEncodedNameAndALongAddressAreTwoLines() throws {
        let address = try Email("a-rather-long-name-for-an-address@mail.department.example.com")
        let field = MailHeader.mailbox("From", Mailbox(name: "Größere Gesellschaft mbH", address: address))
        #expect(lines(field).count == 2 && lines(field).allSatisfy { $0.utf8.count <= 76 })
        #expect(lines(field)[1] == " <a-rather-long-name-for-an-address@mail.department.example.com>")
        let plain = MailHeader.mailbox("From", Mailbox(name: "A company of many words and letters", address: address))
        #expect(plain == "From: A company of many words and letters\n <\(address.text)>\n")
    }

    @Test(arguments: ["a", "é", "a ", "\"", "😀"]) func aNameOf1200CharactersIsBoundedAndFolded(piece: String) {
        let mailbox = Mailbox(name: String(repeating: piece, count: 1200), address: ann)
        #expect(mailbox.name?.unicodeScalars.count == 128)
        let field = MailHeader.mailbox("From", mailbox)
        #expect(lines(field).allSatisfy { $0.utf8.count <= 76 } && field.hasSuffix("<ann@example.com>\n"))
        #expect(lines(field).dropFirst().allSatisfy { $0.first == " " && $0.utf8.count > 1 })
    }

    @Test func plainSubjectsAreFoldedBetweenWords() {
        let words = String(repeating: "Please read this ", count: 30) + "now"
        let field = MailHeader.text("Subject", words)
        #expect(lines(field).count > 5 && lines(field).allSatisfy { $0.utf8.count <= 78 })
        #expect(field.replacing("\n ", with: " ") == "Subject: \(words)\n")
        #expect(MailHeader.text("Subject", "Hello  there ") == "Subject: Hello  there \n")
    }

    @Test(arguments: [
        String(repeating: "x", count: 100), String(repeating: "x", count: 1200), "\(String(repeating: "x", count: 70)) y z",
        "a" + String(repeating: " ", count: 200) + "b", "=?utf-8?Q?x?=", "Moon=?utf-8?Q?x?=", String(repeating: "ü ", count: 500),
    ])
    func whatCannotBeFoldedIsEncoded(text: String) {
        let field = MailHeader.text("Subject", text)
        #expect(
            lines(field).allSatisfy {
                $0.utf8.count <= 76 && ($0.hasPrefix(" =?utf-8?B?") || $0.hasPrefix("Subject: =?utf-8?B?"))
            })
        #expect(lines(field).allSatisfy { $0.split(separator: " ").last!.utf8.count <= 75 })
    }

    @Test func aNameThatLooksEncodedIsEncoded() {
        let field = MailHeader.mailbox("From", Mailbox(name: "=?utf-8?Q?x?=", address: ann))
        #expect(field == "From: =?utf-8?B?PT91dGYtOD9RP3g/PQ==?= <ann@example.com>\n")
    }

    @Test func longAddressesAndIDsHaveALineOfTheirOwn() throws {
        let long = "\(String(repeating: "a", count: 64))@\(String(repeating: "b.", count: 85))example.com"
        let text = mailText(MailTemplate(subject: "s", text: "t", html: ""), to: try Email(long).text)
        #expect(text.contains("\nTo:\n \(long)\n"))
        #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count <= 257 })
        #expect(MailHeader.word("To", "ann@example.com") == "To: ann@example.com\n")
    }
}
