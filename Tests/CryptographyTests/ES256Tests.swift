// ES256: the RFC's signature, and our own.

import Cryptography
import Platform
import Testing

@Suite struct ES256Tests {
    // RFC 7515 appendix A.3.
    private static let key = ES256PublicKey(
        coordinates: Base64.url.decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU".utf8)!
            + Base64.url.decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0".utf8)!)!
    private static let input = Array(
        ("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ")
            .utf8)
    private static let signature = Base64.url.decode(
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q".utf8)!

    @Test func theRFCsSignatureVerifies() {
        #expect(Self.key.verifies(Self.signature, of: Self.input))
    }

    @Test func anyOtherDoesNot() {
        for index in Self.signature.indices {
            var changed = Self.signature
            changed[index] ^= 1
            #expect(!Self.key.verifies(changed, of: Self.input))
        }
        #expect(!Self.key.verifies(Self.signature, of: Self.input + [0]))
        #expect(!Self.key.verifies([UInt8](repeating: 0, count: 64), of: Self.input))
        #expect(!Self.key.verifies(Array(Self.signature.dropLast()), of: Self.input))
        let elsewhere = ES256PublicKey(coordinates: [UInt8](repeating: 1, count: 64))!
        #expect(!elsewhere.verifies(Self.signature, of: Self.input))
    }

    @Test func aNewKeySignsWhatItsPublicHalfVerifies() throws {
        let key = ES256PrivateKey.random()
        let read = try #require(ES256PrivateKey(bytes: key.bytes))
        let signature = try #require(read.sign([1, 2, 3]))
        #expect(key.publicKey.verifies(signature, of: [1, 2, 3]))
        #expect(!ES256PrivateKey.random().publicKey.verifies(signature, of: [1, 2, 3]))
        #expect(key.publicKey.id.utf8.count == 43)
        #expect(ES256PrivateKey(bytes: [UInt8](repeating: 0, count: 96))?.sign([1]) == nil)
    }
}
