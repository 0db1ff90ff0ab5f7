// API keys: their form and their checksum.

import Cryptography
import Platform
import Testing

@Suite struct APIKeySecretTests {
    @Test func aKeyHasTheReferencesForm() throws {
        let secret = APIKeySecret.random()
        #expect(secret.text.wholeMatch(of: /sk_[A-Za-z0-9_-]{43}/) != nil)
        #expect(secret.prefix == String(secret.text.prefix(11)))
        #expect(APIKeySecret(secret.text)?.text == secret.text)
        #expect(APIKeySecret.random().text != secret.text)
        // RFC: the last four bytes are the checksum of the first 28.
        let bytes = try #require(Base64.url.decode(secret.text.utf8.dropFirst(3)))
        #expect(bytes[28...].reduce(0) { $0 << 8 | UInt32($1) } == crc32(bytes[..<28]))
    }

    @Test func aMistypedKeyIsRefusedByItsChecksum() {
        let text = Array(APIKeySecret.random().text.utf8)
        for index in text.indices {
            var changed = text
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(APIKeySecret(String(decoding: changed, as: UTF8.self)) == nil)
        }
        // The published API's own example has another checksum.
        #expect(APIKeySecret("sk_GDjeKTfAaJwi4sLo-2AdimcK_Ya4l0KtU-4as2nJfJ8") == nil)
    }
}
