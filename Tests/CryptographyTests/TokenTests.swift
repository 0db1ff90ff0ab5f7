// Tokens and keys: what we make is read, and nothing else is.

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

@Suite struct AccessTokenTests {
    private let key = ES256PrivateKey.random()
    private let token = AccessToken(
        issuer: "http://localhost:8000", user: .random(), issuedAt: Timestamp(seconds: 1000),
        expiresAt: Timestamp(seconds: 1900), id: .random(), session: .random(), email: "ada@example.com")

    private func read(_ text: String) -> AccessToken? {
        UnverifiedToken(text).flatMap { $0.keyID == key.publicKey.id && $0.isSigned(by: key.publicKey) ? $0.claims : nil }
    }

    @Test func whatIsSignedIsRead() throws {
        let text = try #require(token.signed(by: key))
        #expect(read(text) == token)
        let header = Base64.url.decode(text.utf8.prefix { $0 != UInt8(ascii: ".") })!
        #expect(String(decoding: header, as: UTF8.self) == #"{"alg":"ES256","typ":"JWT","kid":"\#(key.publicKey.id)"}"#)
    }

    @Test func everyChangedCharacterIsRefused() throws {
        let text = Array(try #require(token.signed(by: key)).utf8)
        for index in text.indices {
            var changed = text
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(read(String(decoding: changed, as: UTF8.self)) == nil)
        }
    }

    @Test func otherHeadersAreRefusedThoughWellSigned() throws {
        let claims = try #require(token.signed(by: key)).split(separator: ".")[1]
        for header in [
            #"{"alg":"none","typ":"JWT","kid":"\#(key.publicKey.id)"}"#, #"{"alg":"ES256"}"#,
            #"{"typ":"JWT","alg":"ES256","kid":"\#(key.publicKey.id)"}"#,
            #"{"alg":"ES256","typ":"JWT","kid":"\#(key.publicKey.id)","x":1}"#,
        ] {
            let input = "\(Base64.url.encode(header.utf8)).\(claims)"
            let signature = Base64.url.encode(try #require(key.sign(Array(input.utf8))))
            #expect(read("\(input).\(signature)") == nil, "\(header)")
        }
        let other = try #require(token.signed(by: .random()))
        #expect(read(other) == nil)
    }
}

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

@Suite struct APIKeySecretTests {
    @Test func aKeyHasTheReferencesForm() throws {
        let secret = APIKeySecret.random()
        #expect(secret.text.wholeMatch(of: /sk_[A-Za-z0-9_-]{43}/) != nil)
        #expect(secret.prefix == String(secret.text.prefix(11)))
        #expect(APIKeySecret(secret.text)?.text == secret.text)
        #expect(APIKeySecret.random().text != secret.text)
        // RFC: the last four bytes are the checksum of the 28 before.
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
        // The reference's own example was not made with this checksum.
        #expect(APIKeySecret("sk_GDjeKTfAaJwi4sLo-2AdimcK_Ya4l0KtU-4as2nJfJ8") == nil)
    }
}
