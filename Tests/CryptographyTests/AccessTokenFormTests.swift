// Access tokens: every other form is refused, even with a valid signature.

import Cryptography
import Platform
import Testing

@Suite struct AccessTokenFormTests {
    private let key = ES256PrivateKey.random()

    /// A token with `claims` and a valid signature.
    private func signed(_ claims: String) throws -> String {
        let good = try #require(accessToken().signed(by: key))
        let input = "\(good.prefix { $0 != "." }).\(Base64.url.encode(claims.utf8))"
        return "\(input).\(Base64.url.encode(try #require(key.sign(Array(input.utf8)))))"
    }

    @Test func threePartsAreAToken() throws {
        let text = try #require(accessToken().signed(by: key))
        #expect(key.claims(of: text) != nil)
        for wrong in [
            text + ".", "." + text, text + ".x", text.replacing(".", with: ".."), text + "=", text + "\n", " " + text,
            String(text.prefix { $0 != "." }), "", "..", "...",
        ] {
            #expect(key.claims(of: wrong) == nil, "\(wrong)")
        }
    }

    @Test func claimsInAnotherFormAreRefusedThoughWellSigned() throws {
        let (user, id, session) = (UUID.random().text, UUID.random().text, UUID.random().text)
        func claims(_ times: String = #""iat":1000,"exp":1900"#, sub: String? = nil, more: String = "") -> String {
            #"{"iss":"i","sub":"\#(sub ?? user)",\#(times),"jti":"\#(id)","sid":"\#(session)","email":"e"\#(more)}"#
        }
        #expect(key.claims(of: try signed(claims())) != nil)
        for wrong in [
            claims(#""iat":1000,"exp":"1900""#), claims(#""exp":1900,"iat":1000"#), claims(#""iat":1000,"exp":-1"#),
            claims(#""iat":1000,"exp":1e9"#), claims(#""iat":1000,"exp":9999999999999999"#), claims(#""iat":1000"#),
            claims(#""iat":1000,"exp":"#),
            claims(sub: "x"), claims(sub: ""), claims(more: #","exp":9"#), claims() + " ", " " + claims(),
            String(claims().dropLast()), "{}", "",
        ] {
            #expect(key.claims(of: try signed(wrong)) == nil, "\(wrong)")
        }
    }

    @Test func aTokenNamesItsKeyAndNoOtherVerifiesIt() throws {
        let text = try #require(accessToken().signed(by: key))
        let shown = try #require(UnverifiedToken(text))
        #expect(shown.keyID == key.publicKey.id)
        #expect(shown.isSigned(by: key.publicKey) && !shown.isSigned(by: ES256PrivateKey.random().publicKey))
    }

    @Test func theFurthestDateIsReadAgain() throws {
        let far = accessToken(expiring: 999_999_999_999_999)
        #expect(key.claims(of: try #require(far.signed(by: key))) == far)
    }
}
