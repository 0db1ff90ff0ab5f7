// Text from other people in mail: no program obeys it, decodes it or makes it clickable.

import Cryptography
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

/// Every kind of mail, in a language with spaces between words and in one without.
private let everyMail = [Language.french, .japanese].flatMap { language in MailKind.allCases.map { (language, $0) } }

@Suite struct HostileMailTests {
    @Test func theCorpusIsAsLargeAsPromised() {
        #expect(HostileText.all.count >= 60)
        // The link finder works: most of these texts have a link.
        #expect(HostileText.all.count { !links(in: $0.text).isEmpty } >= 30)
        #expect(HostileText.all.count { !acting(in: $0.text).isEmpty } >= 30)
    }

    @Test(arguments: [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
            "Mozilla/5.0 (X11; Linux x86_64; rv: 109.0) Gecko/20100101 Firefox/115.0"
        ),
        ("Acme Inc.", "Acme Inc."), ("Dr. Ada", "Dr. Ada"), ("12:30, 1.2.3", "12:30, 1.2.3"), ("and/or", "and/or"),
        ("v=1? a=?", "v=1? a= ?"),
        ("Moon\r\nBcc: eve@evil.com", "Moon Bcc: eve@ evil. com"),
        ("http\u{FE55}//eve\u{FE6B}evil\u{FE52}com", "http\u{FE55} / /eve\u{FE6B} evil\u{FE52} com"),
        ("http://a.b/c", "http: / /a. b/c"), ("1.2.3.4", "1.2.3. 4"),
        ("evil.\u{200B}com\u{202E}", "evil. com"), ("こんにちは。世界", "こんにちは。 世界"),
        ("\u{1F468}\u{200D}\u{1F469}", "\u{1F468}\u{1F469}"),
        ("  a\u{3000}\u{A0}b  ", "a b"), ("\u{200B}", ""), ("", ""), ("=\u{200B}?utf-8?B?YQ==?=", "= ?utf-8?B?YQ== ?="),
    ])
    func otherPeoplesTextIsOneLineWithoutLinks(text: String, expected: String) {
        #expect(MailText.foreign(text, limit: 100) == expected)
    }

    @Test func itIsBounded() {
        #expect(MailText.foreign(String(repeating: "é", count: 61), limit: 60) == String(repeating: "é", count: 60) + "…")
        #expect(MailText.foreign(String(repeating: "é", count: 60), limit: 60) == String(repeating: "é", count: 60))
        #expect(MailText.value(String(repeating: "a", count: 254), for: "{inviter}").utf8.count == 254)
        #expect(MailText.value(String(repeating: "a", count: 255), for: "{project}").unicodeScalars.count == 61)
    }

    @Test func aLinkIsBrokenUnlessLatchkeyMadeTheValue() {
        for name in ["{project}", "{key}", "{inviter}", "{email}", "{device}", "{prefix}", "{name of a later mail}"] {
            #expect(MailText.value("http://evil.com", for: name) == "http: / /evil. com")
        }
        #expect(MailText.value("http://localhost:8000/", for: "{link}") == "http://localhost:8000/")
        #expect(MailText.value("2001:db8::1", for: "{ip}") == "2001:db8::1")
    }

    @Test func theWholeCorpusIsHarmlessAlone() {
        for hostile in HostileText.all {
            for limit in [60, 255] {
                let text = MailText.foreign(hostile.text, limit: limit)
                #expect(links(in: text) == [] && acting(in: text) == [] && !text.contains("\n"), "\(hostile.name): \(text)")
                #expect(text.unicodeScalars.count <= 2 * limit + 1)
            }
        }
    }

    /// A mail has the same links as with harmless values, in all three of its texts.
    @Test(arguments: everyMail) func theWholeCorpusIsHarmlessInEveryMail(language: Language, kind: MailKind) {
        let template = MailTemplate(kind, in: language, count: 3)
        func filled(_ text: String) -> MailTemplate {
            var values = ["{service}": "Latchkey"]
            for name in kind.placeholders where values[name] == nil {
                values[name] =
                    ["{link}": "http://localhost:8000/", "{ip}": "192.0.2.7", "{time}": "2026-12-31 14:05 UTC"][name] ?? text
            }
            return template.filled(values)
        }
        func tags(_ html: String) -> Int { html.utf8.count { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") } }
        let plain = filled("x")
        for hostile in HostileText.all {
            let mail = filled(hostile.text)
            for (seen, expected) in [(mail.subject, plain.subject), (mail.text, plain.text), (mail.html, plain.html)] {
                #expect(links(in: seen) == links(in: expected), "\(hostile.name)")
                #expect(acting(in: seen) == acting(in: expected), "\(hostile.name)")
                #expect(seen.utf8.count { $0 == 0x0A } == expected.utf8.count { $0 == 0x0A }, "\(hostile.name)")
            }
            #expect(tags(mail.html) == tags(plain.html) && !mail.html.contains("'\u{20}onmouseover"), "\(hostile.name)")
        }
    }

    @Test(arguments: [Language.german, .chinese]) func linesAreShortWhateverIsInThem(language: Language) {
        for hostile in HostileText.all {
            for kind in MailKind.allCases {
                let content = MailTemplate(kind, in: language).filled(
                    Dictionary(uniqueKeysWithValues: kind.placeholders.map { ($0, hostile.text) }))
                let text = mailText(content, name: hostile.text)
                let isShort = text.split(separator: "\n").allSatisfy { line in
                    line.utf8.count <= (line.contains("=?utf-8") ? 76 : 78)
                }
                #expect(isShort && text.utf8.allSatisfy { $0 == 0x0A || (0x20..<0x7F).contains($0) }, "\(hostile.name)")
            }
        }
    }
}
