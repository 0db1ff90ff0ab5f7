// Keys' names, and keys derived from keys.

import Cryptography
import Platform
import Testing

@Suite struct KeyTests {
    // RFC 5869 appendix A.2.
    @Test func hkdfOfTheRFCsLongExample() {
        #expect(
            HKDF.derive(
                from: Array(0x00...0x4F), salt: Array(0x60...0xAF), info: Array(0xB0...0xFF), count: 82)
                == bytes(
                    """
                    b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09
                    da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87
                    """))
    }

    // RFC 7638 §3: the members of the key, in order, hashed.
    @Test func aKeysNameIsItsThumbprint() {
        let key = ES256PrivateKey.random().publicKey
        let (x, y) = (Base64.url.encode(key.coordinates[..<32]), Base64.url.encode(key.coordinates[32...]))
        let members = #"{"crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#
        #expect(key.id == Base64.url.encode(SHA256.digest(Array(members.utf8))))
    }

    @Test func coordinatesThatAreNoPointVerifyNothing() {
        #expect(ES256PublicKey(coordinates: [UInt8](repeating: 1, count: 63)) == nil)
        for byte in [0, 1, 0xFF] as [UInt8] {
            let key = ES256PublicKey(coordinates: [UInt8](repeating: byte, count: 64))
            #expect(key?.verifies([UInt8](repeating: 1, count: 64), of: [1]) != true)
        }
    }

    @Test func signaturesOfZeroOrOfTheGroupsOrderAreRefused() throws {
        let key = ES256PrivateKey.random()
        let good = try #require(key.sign([1, 2, 3]))
        let order = bytes("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
        let zero = [UInt8](repeating: 0, count: 32)
        for half in [zero, order, [UInt8](repeating: 0xFF, count: 32)] {
            #expect(!key.publicKey.verifies(half + good[32...], of: [1, 2, 3]))
            #expect(!key.publicKey.verifies(Array(good[..<32]) + half, of: [1, 2, 3]))
        }
        #expect(!key.publicKey.verifies([], of: [1, 2, 3]))
        #expect(!key.publicKey.verifies(good + [0], of: [1, 2, 3]))
    }

    @Test func aPrivateKeyIsReadOnlyWhole() {
        let bytes = ES256PrivateKey.random().bytes
        #expect(bytes.count == 96)
        #expect(ES256PrivateKey(bytes: Array(bytes.dropLast())) == nil)
        #expect(ES256PrivateKey(bytes: bytes + [0]) == nil)
    }
}
