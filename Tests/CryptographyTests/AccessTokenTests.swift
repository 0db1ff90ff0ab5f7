// Access tokens: we accept the tokens that we sign, and no others.

import Cryptography
import Platform
import Testing

@Suite struct AccessTokenTests {
    private let key = ES256PrivateKey.random()
    private let token = accessToken()

    @Test func whatIsSignedIsRead() throws {
        let text = try #require(token.signed(by: key))
        #expect(key.claims(of: text) == token)
        let header = Base64.url.decode(text.utf8.prefix { $0 != UInt8(ascii: ".") })!
        #expect(String(decoding: header, as: UTF8.self) == #"{"alg":"ES256","typ":"JWT","kid":"\#(key.publicKey.id)"}"#)
    }

    @Test func everyChangedCharacterIsRefused() throws {
        let text = Array(try #require(token.signed(by: key)).utf8)
        for index in text.indices {
            var changed = text
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(key.claims(of: String(decoding: changed, as: UTF8.self)) == nil)
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
            #expect(key.claims(of: "\(input).\(signature)") == nil, "\(header)")
        }
        let other = try #require(token.signed(by: .random()))
        #expect(key.claims(of: other) == nil)
    }
}
