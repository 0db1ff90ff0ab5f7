// Authenticated encryption: the vector of RFC 8439, and what must not open.

import Testing

@testable import Cryptography

@Suite struct ChaCha20Poly1305Tests {
    private let key = [UInt8](0x80...0x9F)
    private let data = bytes("50515253 c0c1c2c3c4c5c6c7")
    private let nonce = bytes("07000000 4041424344454647")
    private let message = Array(
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.".utf8)
    /// The encrypted message, and the tag.
    private let sealed = bytes(
        """
        d31a8d34648e60db7b86afbc53ef7ec2 a4aded51296e08fea9e2b5a736ee62d6 3dbea45e8ca9671282fafb69da92728b
        1a71de0a9e060b2905d6a5b67ecd3b36 92ddbd7f2d778b8c9803aee328091b58 fab324e4fad675945585808b4831d7bc
        3ff4def08e4b7a9de576d26586cec64b 6116
        1ae10b594f09e26a7e902ecbd0600691
        """)

    /// RFC 8439 §2.8.2.
    @Test func theVectorOfTheRFCIsSealedAndOpens() {
        #expect(ChaCha20Poly1305.seal(message, with: key, authenticating: data, nonce: nonce) == nonce + sealed)
        #expect(ChaCha20Poly1305.open(nonce + sealed, with: key, authenticating: data) == message)
    }

    @Test func aChangedByteAnotherKeyOrOtherDataOpensNothing() {
        let whole = nonce + sealed
        for index in whole.indices {
            var changed = whole
            changed[index] ^= 1
            #expect(ChaCha20Poly1305.open(changed, with: key, authenticating: data) == nil, "\(index)")
        }
        #expect(ChaCha20Poly1305.open(whole, with: key.reversed(), authenticating: data) == nil)
        for other in [[], Array(data.dropLast()), data + [0]] {
            #expect(ChaCha20Poly1305.open(whole, with: key, authenticating: other) == nil)
        }
    }

    @Test func whatIsTooShortOpensNothing() {
        let whole = nonce + sealed
        for count in 0..<whole.count {
            #expect(ChaCha20Poly1305.open(Array(whole[..<count]), with: key, authenticating: data) == nil, "\(count)")
        }
    }

    @Test func eachSealHasANonceOfItsOwnAndOpens() {
        for size in [0, 1, 63, 64, 65, 96, 1000] {
            let message = [UInt8](repeating: 7, count: size)
            let (first, second) = (
                ChaCha20Poly1305.seal(message, with: key, authenticating: data),
                ChaCha20Poly1305.seal(message, with: key, authenticating: data)
            )
            #expect(first.prefix(12) != second.prefix(12) && first.count == size + 28)
            #expect(ChaCha20Poly1305.open(first, with: key, authenticating: data) == message)
            #expect(ChaCha20Poly1305.open(second, with: key, authenticating: data) == message)
        }
    }
}
