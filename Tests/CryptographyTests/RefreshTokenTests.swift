// Refresh tokens: we accept the tokens that we make, and no others.

import Cryptography
import Platform
import Testing

@Suite struct RefreshTokenTests {
    private let key = [UInt8](repeating: 5, count: 32)

    @Test func aTokenIsReadAndEveryOtherTextIsNot() {
        let token = RefreshToken(session: .random(), generation: 0x0102_0304)
        let text = token.text(key: key)
        #expect(text.utf8.count == 86)
        #expect(RefreshToken(text, key: key) == token)
        #expect(RefreshToken(text, key: [6]) == nil)
        for index in text.utf8.indices {
            var changed = Array(text.utf8)
            let offset = text.utf8.distance(from: text.utf8.startIndex, to: index)
            changed[offset] = changed[offset] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(RefreshToken(String(decoding: changed, as: UTF8.self), key: key) == nil)
        }
        for other in ["", text + "=", text + "A", String(text.dropLast()), text.lowercased()] {
            #expect(RefreshToken(other, key: key) == nil)
        }
    }
}
