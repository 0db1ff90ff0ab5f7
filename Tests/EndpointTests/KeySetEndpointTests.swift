// GET /.well-known/jwks.json: other services verify our tokens with nothing else.

import Foundation
import TestSupport
import Testing

@Suite struct KeySetEndpointTests {
    let home = Home()

    /// The output of a Python program with the key set and a token as arguments.
    private func python(_ program: String, _ token: String) -> String {
        let set = home.get("jwks").body
        let result = Program.run("python3", ["-c", program, set, token])
        return String(decoding: result.output, as: UTF8.self) + result.errors
    }

    private let pyJWT = """
        import sys, json, jwt
        token = sys.argv[2]
        keys = jwt.PyJWKSet.from_dict(json.loads(sys.argv[1]))
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key.key, algorithms=["ES256"], issuer="http://localhost:8000",
                            options={"require": ["exp", "iat", "sub", "jti", "sid"]})
        print(claims["email"])
        """
    private let jwcrypto = """
        import sys, json
        from jwcrypto import jwk, jwt
        token = jwt.JWT(jwt=sys.argv[2], key=jwk.JWKSet.from_json(sys.argv[1]), algs=["ES256"])
        print(json.loads(token.claims)["email"])
        """

    @Test func twoLibrariesVerifyATokenByItAlone() {
        let ada = home.signIn("ada@example.com")
        #expect(python(pyJWT, ada.accessToken) == "ada@example.com\n")
        #expect(python(jwcrypto, ada.accessToken) == "ada@example.com\n")
        let parts = ada.accessToken.split(separator: ".")
        let forged = "\(parts[0]).\(parts[1].dropLast())A.\(parts[2])"
        for program in [pyJWT, jwcrypto] { #expect(!python(program, forged).hasPrefix("ada")) }
    }

    @Test func itIsADocumentThatCachesMayKeep() {
        let answer = home.get("jwks")
        #expect(
            answer.shown == """
                200
                Content-Type: application/json; charset=utf-8
                Cache-Control: public, max-age=300
                X-Content-Type-Options: nosniff
                X-Request-Id: <uuid>
                Access-Control-Allow-Origin: *
                Content-Length: <count>

                \(answer.shownBody)
                """)
        let pattern =
            #"^\{"keys":\[\{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"[A-Za-z0-9_-]{43}","x":"[A-Za-z0-9_-]{43}","y":"[A-Za-z0-9_-]{43}"\}\]\}$"#
        #expect(answer.body.range(of: pattern, options: .regularExpression) != nil, "\(answer.body)")
    }

    @Test func aKeyThatSignsNoMoreStaysInIt() throws {
        let ada = home.signIn("ada@example.com")
        // A rotation does this.
        let end = Int64(Date.now.timeIntervalSince1970 * 1000) + 900_000
        try TestDatabase.retireTokenKey(in: home.path, until: end)
        let eve = home.signIn("eve@example.com")
        #expect(home.get("jwks").body.components(separatedBy: "\"kid\"").count == 3)
        for (person, name) in [(ada, "ada"), (eve, "eve")] {
            #expect(python(pyJWT, person.accessToken) == "\(name)@example.com\n")
            #expect(home.get("current-user", person.bearer).status == 200)
        }
    }

    @Test(.enabled(if: !isPostgreSQL, "PostgreSQL's keys are no files"))
    func whatElseLiesInTheFolderIsNotInIt() throws {
        _ = home.signIn("ada@example.com")
        let before = home.get("jwks").body
        for name in [
            "x.key", "\(String(repeating: "A", count: 43)).key", "\(String(repeating: "B", count: 43)).key.part", ".key",
        ] {
            try "nothing".write(toFile: "\(home.path)/keys/\(name)", atomically: true, encoding: .utf8)
        }
        #expect(home.get("jwks").body == before)
    }
}
