// Addresses, judged byte by byte; and the mails that go to them.

import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct EmailTests {
    @Test(arguments: [
        "a@b.co", "first.last+tag@sub.example.com", "o'neil@example.ie", "a/b=c?d@example.com", "1@2.example",
        "x@xn--bcher-kva.example", "a@a--b.co", "a@abc--d.co", "\(String(repeating: "a", count: 64))@example.com",
    ]) func isTaken(_ text: String) throws {
        #expect(try Email(text).text == text)
    }

    @Test(arguments: [
        "", "@", "a", "a@", "@b.co", "a@b", "a@b.", "a@.b.co", "a@b..co", ".a@b.co", "a.@b.co", "a..b@b.co",
        "a@b@c.co", "a b@c.co", "a@b c.co", "a\n@b.co", "a@b.co\n", "a\r\nBcc:x@b.co", "a@b.co\r\nBcc: x@y.co",
        "a\0@b.co", "\"a\"@b.co", "a@[127.0.0.1]", "a@127.0.0.1", "-a@b.co", "a%b@c.co", "a!b@c.co", "a@-b.co",
        "a@b-.co", "a@b_c.co", "é@b.co", "a@é.co", "a@b.c\u{212A}", "\u{212A}@b.co", "a\u{301}@b.co", "a,b@c.co",
        "a;b@c.co", "a:b@c.co", "<a@b.co>", "a(b)@c.co", "a\\b@c.co", "ａ@b.co", "a@b.co\u{2028}",
        "\(String(repeating: "a", count: 65))@b.co", "a@\(String(repeating: "b", count: 64)).co",
        "a@" + String(repeating: "b.", count: 126) + "co", "a@ab--c.com", "a@c.xy--z",
    ]) func isRefused(_ text: String) {
        #expect(throws: EmailFault.self) { try Email(text) }
    }

    @Test func lettersBecomeSmallAndNothingElseChanges() throws {
        #expect(try Email("A.B+C@D.CO").text == "a.b+c@d.co")
        #expect(try Email("ada@example.com").masked == "a***@example.com")
        #expect(try Email("ada@example.com").domain == "example.com")
    }
}

@Suite struct MailMessageTests {
    private func message(_ subject: String, name: String? = nil, text: String = "x", html: String = "x") throws -> String {
        let message = MailMessage(
            id: .random(), date: .init(seconds: 1_750_999_448), from: Mailbox(name: name, address: try Email("from@example.com")),
            recipient: "to@example.com", content: MailTemplate(subject: subject, text: text, html: html))
        return String(decoding: message.bytes, as: UTF8.self)
    }

    @Test func everyLineIsShortASCII() throws {
        let long = String(repeating: "é 😀 wörter = \t", count: 40)
        let text = try message(long, name: long, text: long + " \n.\n\(long)", html: long)
        #expect(text.utf8.allSatisfy { $0 == 0x0A || $0 == 0x09 || (0x20..<0x7F).contains($0) })
        #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count <= 78 })
    }

    @Test func noHeaderCanBeAddedByText() throws {
        let text = try message("a\r\nBcc: x@y.co", name: "b\nBcc: x@y.co")
        #expect(!text.contains("\nBcc:"))
        #expect(try message("s", name: #"A "B" \ C"#).contains(#"From: "A \"B\" \\ C" <from@example.com>"#))
    }

    @Test func theDateIsRFC5322s() throws {
        #expect(try message("s").hasPrefix("Date: Fri, 27 Jun 2025 04:44:08 +0000\n"))
    }

    @Test func whatIsPutIntoHTMLIsEscaped() {
        let filled = MailTemplate(subject: "{code}{code}", text: "{service} {x}", html: "{service}")
            .filled(["{code}": "1", "{minutes}": "9", "{service}": "<A & \"{code}\">"])
        #expect(filled.subject == "11")
        #expect(filled.text == "<A & \"{code}\"> {x}")
        #expect(filled.html == "&lt;A &amp; &quot;{code}&quot;&gt;")
    }
}
