// Mails, parsed as a receiver does.

import Cryptography
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

/// Decodes RFC 2045 §6.7.
private func decodedQuotedPrintable(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let next = rest.popFirst() {
        guard next == UInt8(ascii: "=") else {
            bytes.append(next)
            continue
        }
        if rest.first == 0x0A {
            rest.removeFirst()
        } else {
            bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)!)
            rest = rest.dropFirst(2)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// Decodes RFC 2047: folding between words does not count.
private func decodedWords(_ text: String) -> String? {
    var bytes: [UInt8] = []
    for word in text.split(separator: "\n ") {
        guard word.utf8.count <= 75, word.hasPrefix("=?utf-8?B?"), word.hasSuffix("?=") else { return nil }
        let base64 = word.dropFirst(10).dropLast(2)
        guard base64.utf8.count % 4 == 0,
            let piece = Base64.standard.decode(Array(base64.utf8.prefix { $0 != UInt8(ascii: "=") })),
            String(validating: piece, as: UTF8.self) != nil
        else { return nil }
        bytes += piece
    }
    return String(decoding: bytes, as: UTF8.self)
}

@Suite struct MailMessageTests {
    private func mail(
        subject: String = "s", name: String? = nil, text: String = "t", html: String = "h",
        date: Timestamp = Timestamp(seconds: 0)
    ) -> String {
        mailText(
            MailTemplate(subject: subject, text: text, html: html), name: name,
            id: UUID(text: "0123456a-0000-4000-8000-00000000000f".utf8)!, date: date)
    }

    /// The field's value, with its folded lines.
    private func field(_ name: String, _ mail: String) -> String? {
        var value: String?
        for line in mail.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty { break }
            if let found = value {
                guard line.first == " " else { break }
                value = "\(found)\n\(line)"
            } else if line.hasPrefix("\(name): ") {
                value = String(line.dropFirst(name.count + 2))
            }
        }
        return value
    }

    /// The parts between the boundaries: their header and decoded text.
    private func parts(_ mail: String) -> [(header: Substring, text: String)] {
        let boundary = "--=_0123456a-0000-4000-8000-00000000000f"
        return mail.split(separator: "\(boundary)").dropFirst().dropLast().map { part in
            let pieces = part.dropFirst().split(separator: "\n\n", maxSplits: 1)
            return (pieces[0], decodedQuotedPrintable(String(pieces[1].dropLast())))
        }
    }

    @Test func theHeaderIsWhole() {
        let mail = mail(subject: "Hello")
        #expect(mail.hasPrefix("Date: Thu, 01 Jan 1970 00:00:00 +0000\n"))
        #expect(field("From", mail) == "ann@example.com")
        #expect(field("To", mail) == "bob@example.org")
        #expect(field("Subject", mail) == "Hello")
        #expect(field("Message-ID", mail) == "<0123456a-0000-4000-8000-00000000000f@example.com>")
        #expect(field("Auto-Submitted", mail) == "auto-generated")
        #expect(field("MIME-Version", mail) == "1.0")
        #expect(mail.hasSuffix("\n--=_0123456a-0000-4000-8000-00000000000f--\n"))
    }

    @Test(arguments: [
        "plain", "a=b", "=3D", "trailing \nspace \t\n", "ünïcödé 😀", ".\n..\n. x", "From me",
        "--=_0123456a-0000-4000-8000-00000000000f",
        "tab\tin", String(repeating: "x", count: 500), String(repeating: "é", count: 99), String(repeating: "a ", count: 99),
    ]) func bothPartsReadAsTheyWereWritten(text: String) {
        let parts = parts(mail(text: text, html: "<p>\(text)</p>"))
        #expect(parts.count == 2)
        #expect(parts.map(\.text) == [text, "<p>\(text)</p>"])
        #expect(parts[0].header.contains("text/plain") && parts[1].header.contains("text/html"))
        #expect(parts.allSatisfy { $0.header.contains("Content-Transfer-Encoding: quoted-printable") })
    }

    @Test func quotedPrintableLinesHaveAtMost76Characters() {
        for text in [
            String(repeating: "é", count: 200), String(repeating: "a", count: 76), String(repeating: "a", count: 77),
            String(repeating: "= ", count: 100),
        ] {
            let encoded = MailMessage.quotedPrintable(text)
            #expect(encoded.split(separator: "\n").allSatisfy { $0.utf8.count <= 76 && $0.utf8.last != 0x20 })
            #expect(decodedQuotedPrintable(encoded) == text)
        }
        #expect(MailMessage.quotedPrintable("a \n=é\t") == "a=20\n=3D=C3=A9=09")
    }

    @Test(arguments: [
        "Grüße", "😀", String(repeating: "wörter ", count: 30), String(repeating: "😀", count: 40), "a\r\nBcc: x@y.co", "\u{7F}",
        "\0",
    ])
    func otherTextInAHeaderIsEncoded(text: String) {
        let mail = mail(subject: text, name: text)
        #expect(field("Subject", mail).flatMap(decodedWords) == text)
        let from = field("From", mail)
        #expect(from?.hasSuffix(" <ann@example.com>") == true)
        let name = from.map { String($0.dropLast(" <ann@example.com>".count)) }.map {
            $0.hasSuffix("\n") ? String($0.dropLast()) : $0
        }
        #expect(name.flatMap(decodedWords) == String(text.unicodeScalars.prefix(128)))
        #expect(field("Bcc", mail) == nil)
    }

    @Test func namesAreQuotedWhereTheyNeedToBe() {
        for (name, written) in [
            ("Acme Inc", "Acme Inc"), ("Acme, Inc.", #""Acme, Inc.""#), (#"A "B" \C"#, #""A \"B\" \\C""#),
            ("a@b.co", #""a@b.co""#), ("x> <y@z.co", #""x> <y@z.co""#),
        ] {
            #expect(field("From", mail(name: name)) == "\(written) <ann@example.com>")
        }
    }

    @Test func theBuiltInTemplateHasItsPlacesInEachText() {
        let filled = MailTemplate(.code, in: .english, count: 7).filled([
            "{code}": "012345", "{minutes}": "7", "{service}": "A & B",
        ])
        #expect(filled.subject == "012345 is your sign-in code for A & B")
        #expect(filled.text.contains("012345") && filled.text.contains("7 minutes") && filled.text.contains("A & B"))
        #expect(filled.html.contains("<strong>012345</strong>") && filled.html.contains("<p>A &amp; B</p>"))
        for text in [filled.subject, filled.text, filled.html] { #expect(!text.contains("{")) }
    }

    @Test func whatIsFilledInIsNotFilledAgain() {
        let filled = MailTemplate(subject: "{service}|{minutes}|{Code}|{code", text: "", html: "<{service}>")
            .filled(["{code}": "1", "{minutes}": "2", "{service}": "{code}<script>\"'&amp;"])
        #expect(filled.subject == "{code}<script>\"'&amp;|2|{Code}|{code")
        #expect(filled.html == "<{code}&lt;script&gt;&quot;&#39;&amp;amp;>")
    }

    @Test func everyLineIsShortASCII() {
        let long = String(repeating: "é 😀 wörter = \t", count: 40)
        let text = mail(subject: long, name: long, text: long + " \n.\n\(long)", html: long)
        #expect(text.utf8.allSatisfy { $0 == 0x0A || $0 == 0x09 || (0x20..<0x7F).contains($0) })
        #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count <= 78 })
    }

    @Test func noHeaderCanBeAddedByText() {
        let text = mail(subject: "a\r\nBcc: x@y.co", name: "b\nBcc: x@y.co")
        #expect(!text.contains("\nBcc:"))
        #expect(mail(name: #"A "B" \ C"#).contains(#"From: "A \"B\" \\ C" <ann@example.com>"#))
    }

    @Test func theDateIsRFC5322s() {
        #expect(mail(date: Timestamp(seconds: 1_750_999_448)).hasPrefix("Date: Fri, 27 Jun 2025 04:44:08 +0000\n"))
    }

    @Test func whatIsPutIntoHTMLIsEscaped() {
        let filled = MailTemplate(subject: "{code}{code}", text: "{service} {x}", html: "{service}")
            .filled(["{code}": "1", "{minutes}": "9", "{service}": "<A & \"{code}\">"])
        #expect(filled.subject == "11")
        #expect(filled.text == "<A & \"{code}\"> {x}")
        #expect(filled.html == "&lt;A &amp; &quot;{code}&quot;&gt;")
    }
}
