// Properties of every token, key and encoded text: any change of one byte is refused, and no bytes cause a trap.

import Cryptography
import Platform
import TestSupport
import Testing

/// `text` with each byte in turn changed to each of `others`, with a byte removed, and with a byte inserted.
private func changed(_ text: String, to others: [UInt8]) -> [String] {
    let bytes = Array(text.utf8)
    return bytes.indices.flatMap { index in
        let (before, after) = (bytes[..<index], bytes[(index + 1)...])
        let changes = others.filter { $0 != bytes[index] }.map { before + [$0] + after }
        let longer = [before + [UInt8(ascii: "A"), bytes[index]] + after]
        let isDoubled = index > 0 && bytes[index - 1] == bytes[index]
        return (changes + (isDoubled ? [] : [before + after]) + longer).map { String(decoding: $0, as: UTF8.self) }
    }.filter { !$0.utf8.elementsEqual(text.utf8) }
}

@Suite struct TokenPropertyTests {
    @Test func anyByteChangedInAnAccessTokenIsRefused() throws {
        let key = ES256PrivateKey.random()
        let token = accessToken()
        let text = try #require(token.signed(by: key))
        #expect(key.claims(of: text) == token)
        for other in changed(text, to: Array(".B".utf8)) { #expect(key.claims(of: other) == nil, "\(other)") }
    }

    @Test func anyByteChangedInARefreshTokenIsRefused() {
        let (key, token) = ([UInt8](repeating: 5, count: 32), RefreshToken(session: .random(), generation: 7))
        for other in changed(token.text(key: key), to: Array("\0 .=+/-_AQgwz".utf8) + [0x80, 0xFF]) {
            #expect(RefreshToken(other, key: key) == nil, "\(other)")
        }
    }

    @Test func anyByteChangedInAnAPIKeyIsRefused() {
        for other in changed(APIKeySecret.random().text, to: Array(0...255)) { #expect(APIKeySecret(other) == nil, "\(other)") }
    }

    @Test func oneValueHasOneText() {
        var numbers = Numbers(state: 1)
        let letters = Array("ABQZagz019+/-_=".utf8)
        for _ in 0..<2000 {
            let bytes = numbers.bytes(upTo: 12)
            let text = (0..<Int.random(in: 0...8, using: &numbers)).map { _ in letters.randomElement(using: &numbers)! }
            for alphabet in [Base64.standard, .url] {
                #expect(alphabet.decode(alphabet.encode(bytes).utf8) == bytes)
                if let decoded = alphabet.decode(text) { #expect(alphabet.encode(decoded).utf8.elementsEqual(text)) }
            }
            if let id = UUID(bytes) { #expect(UUID(text: id.text.utf8) == id) }
        }
    }

    @Test func noBytesMakeATrap() {
        var numbers = Numbers(state: 2)
        for _ in 0..<500 {
            let text = String(decoding: numbers.bytes(upTo: 100), as: UTF8.self)
            #expect(UnverifiedToken(text) == nil)
            #expect(RefreshToken(text, key: [1]) == nil)
            #expect(APIKeySecret(text) == nil && APIKeySecret("sk_\(text)") == nil)
            #expect(throws: Argon2Error.self) { try Argon2.verify([1], against: text) }
            #expect(throws: Argon2Error.self) { try Argon2.verify([1], against: "$argon2id$v=19$\(text)") }
        }
    }
}
