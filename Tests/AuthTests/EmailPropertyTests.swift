// Properties of every accepted address, tried on many near-valid texts.

import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct EmailPropertyTests {
    @Test func whateverIsTakenIsPlainAndReadAgainAsItself() throws {
        var numbers = Numbers(state: 1)
        let pieces = [
            "a", "Z", "9", ".", "-", "+", "'", "@", "@", "b.co", "@x.example", "%", "!", "\"", " ", "\n", "\0", "é", "\u{301}",
            "\u{212A}", "\u{FF41}", ",", "<",
        ]
        var taken = 0
        for _ in 0..<6000 {
            let start = (0..<Int.random(in: 1...3, using: &numbers)).map { _ in pieces.randomElement(using: &numbers)! }.joined()
            let sent = Bool.random(using: &numbers) ? start : "\(start)@X.example"
            guard let email = try? Email(sent) else { continue }
            taken += 1
            let bytes = Array(email.text.utf8)
            #expect(bytes.count <= 254 && bytes.allSatisfy { 0x21..<0x7F ~= $0 && !(0x41...0x5A ~= $0) }, "\(sent)")
            #expect(!bytes.contains { "%!\",<>".utf8.contains($0) } && bytes.first != 0x2D, "\(sent)")
            #expect(bytes.count { $0 == 0x40 } == 1, "\(sent)")
            #expect(bytes == sent.utf8.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }, "\(sent)")
            #expect(try Email(email.text).text.utf8.elementsEqual(bytes))
        }
        #expect(taken > 100)
    }

    @Test func oneByteThatIsNoneOfAnAddressSpoilsItAnywhere() {
        let good = Array("ada.l+x@sub.example.com".utf8)
        let bad = (0...0x20).map { UInt8($0) } + Array("%!\"(),:;<>[\\]@".utf8) + [0x7F]
        for place in 0...good.count {
            for byte in bad {
                let text = String(decoding: good[..<place] + [byte] + good[place...], as: UTF8.self)
                #expect(throws: EmailFault.self, "\(text)") { try Email(text) }
            }
            for mark in ["\u{301}", "\u{212A}", "\u{2028}", "\u{200B}", "é"] {
                let text = String(decoding: good[..<place] + Array(mark.utf8) + good[place...], as: UTF8.self)
                #expect(throws: EmailFault.self, "\(text)") { try Email(text) }
            }
        }
    }
}
