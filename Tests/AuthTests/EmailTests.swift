// Addresses, checked byte by byte.

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
