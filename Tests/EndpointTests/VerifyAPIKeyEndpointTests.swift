// GET and POST /auth/api-keys/verify: another service checks a key that it received.

import TestSupport
import Testing

@Suite struct VerifyAPIKeyEndpointTests {
    let home = Home()

    private func verify(_ secret: String?, scope: String? = nil, method: String = "GET", _ more: [String: String] = [:]) -> Answer
    {
        var variables = ["REQUEST_METHOD": method]
        variables["HTTP_X_API_KEY"] = secret
        variables["QUERY_STRING"] = scope.map { "scope=\($0)" }
        return home.run("verify-api-key", variables.merging(more) { $1 }).answer
    }

    @Test(arguments: ["GET", "POST"]) func aGoodKeyIsToldWithWhatItMayDo(method: String) {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada, #","scopes":["reports:read","files:*"],"expires_in_days":3"#)
        let answer = verify(key.secret, scope: "files:a/b", method: method)
        #expect(
            answer.shown == """
                200
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{"key_id":"<uuid>","project_id":"<uuid>","owner_id":"<uuid>","name":"key","scopes":["reports:read","files:*"],"expires_at":"<time>"},"error":null}
                """)
        #expect(
            answer.field("key_id") == key.id && answer.field("project_id") == ada.project && answer.field("owner_id") == ada.id)
        #expect(answer.header("X-Latchkey-Key-Id") == key.id)
        #expect(answer.header("X-Latchkey-Project-Id") == ada.project)
        #expect(answer.header("X-Latchkey-Owner-Id") == ada.id)
        #expect(answer.header("X-Latchkey-Scopes") == "reports:read files:*")
        #expect(answer.header("X-Latchkey-Expires-At") == answer.field("expires_at"))
    }

    @Test func aKeyOfAllScopesHasAStarAndNoEnd() {
        let key = home.createKey(by: home.signIn("ada@example.com"))
        let answer = verify(key.secret, scope: "any:thing")
        #expect(answer.status == 200)
        #expect(answer.header("X-Latchkey-Scopes") == "*")
        #expect(answer.header("X-Latchkey-Expires-At") == nil)
        #expect(answer.body.contains(#""scopes":null,"expires_at":null"#))
    }

    @Test func noHeaderFieldHasALengthThatUsersDecide() {
        let ada = home.signIn("ada@example.com")
        let long = (0..<64).map { number in "\(number)" + String(repeating: "s", count: 128 - "\(number)".count) }
        let list = long.map { "\"\($0)\"" }.joined(separator: ",")
        let name = String(repeating: "\u{1F511}", count: 255)
        _ = home.patch("update-user", #"{"full_name":"\#(name)"}"#, ada.bearer)
        let made = home.post("create-api-key", #"{"name":"\#(name)","scopes":[\#(list)]}"#, ada.onProject)
        let secret = made.field("full_key")
        let answer = verify(secret, scope: long[63], ["HTTP_USER_AGENT": String(repeating: "a", count: 8000)])
        #expect(answer.status == 200 && answer.body.contains(#""scopes":[\#(list)]"#))
        // Whole scopes in order, never part of one; the rest are counted.
        #expect(answer.header("X-Latchkey-Scopes") == long[..<7].joined(separator: " "))
        #expect(answer.header("X-Latchkey-Scopes-Left-Out") == "57")
        let me = ada.bearer.merging([
            "HTTP_USER_AGENT": String(repeating: "a", count: 8000), "HTTP_X_REQUEST_ID": String(repeating: "r", count: 8000),
        ]) { $1 }
        let other = home.post("create-project", #"{"name":"\#(name)"}"#, me)
        for answer in [
            answer, made, other, home.get("current-user", me), home.get("list-sessions", me),
            home.get("list-api-keys", ada.onProject),
            verify(secret, scope: String(repeating: "x", count: 128)),
            home.get("get-project", me.merging(["PATH_INFO": "/\(String(repeating: "x", count: 4000))"]) { $1 }),
        ] {
            let fields = answer.headers
            #expect(
                fields.allSatisfy { $0.utf8.count <= 1100 } && fields.reduce(0) { $0 + $1.utf8.count + 2 } <= 2048,
                "\(fields.map(\.utf8.count))")
        }
        // At the maximum length nothing is left out.
        let fitting = home.createKey(
            by: ada,
            #","scopes":[\#((0..<8).map { "\"\($0)\(String(repeating: "s", count: $0 == 7 ? 127 : 126))\"" }.joined(separator: ","))]"#
        )
        #expect(verify(fitting.secret).header("X-Latchkey-Scopes")?.utf8.count == 1024)
        #expect(verify(fitting.secret).header("X-Latchkey-Scopes-Left-Out") == nil)
    }

    @Test func aMissingScopeIs403() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada, #","scopes":["reports:read"]"#)
        let answer = verify(key.secret, scope: "reports:write")
        #expect(answer.status == 403 && answer.code == "insufficient_scope")
        #expect(answer.header("WWW-Authenticate") == #"Bearer error="insufficient_scope", scope="reports:write""#)
        #expect(verify(home.createKey(by: ada, #","scopes":[]"#).secret, scope: "a").status == 403)
        #expect(verify(home.createKey(by: ada, #","scopes":[]"#).secret).status == 200)
    }

    @Test func everyRefusalHasItsReason() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada, #","expires_in_days":1"#)
        func code(_ secret: String?) -> String {
            let answer = verify(secret)
            #expect(answer.status == 401)
            #expect(answer.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
            return answer.code
        }
        #expect(code(nil) == "not_authenticated")
        #expect(code("sk_nonsense") == "invalid_api_key")
        let last = key.secret.hasSuffix("A") ? "B" : "A"
        #expect(code(String(key.secret.dropLast()) + last) == "invalid_api_key")
        home.sql("UPDATE api_keys SET expires_at = unixepoch() * 1000 - 1")
        #expect(code(key.secret) == "api_key_expired")
        home.sql("UPDATE api_keys SET deactivated_at = unixepoch() * 1000 - 1")
        #expect(code(key.secret) == "api_key_deactivated")
        home.sql("UPDATE api_keys SET deactivated_at = NULL, expires_at = NULL; UPDATE users SET is_active = 0")
        #expect(code(key.secret) == "api_key_owner_inactive")
        home.sql("UPDATE users SET is_active = 1; DELETE FROM members")
        #expect(code(key.secret) == "invalid_api_key")
    }

    @Test func theCallersOwnCredentialsDoNotCount() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        #expect(verify(key.secret, ["HTTP_AUTHORIZATION": "Bearer whatever of the client"]).status == 200)
        #expect(verify(nil, ada.bearer).code == "not_authenticated")
    }

    @Test func aScopeThatIsNoneIs422() {
        let key = home.createKey(by: home.signIn("ada@example.com"))
        for scope in ["", "a%20b", "%0d%0aX:y", "%ff", String(repeating: "a", count: 129), "%22"] {
            let answer = verify(key.secret, scope: scope)
            #expect(answer.status == 422 && answer.body.contains(#""loc":["query","scope"]"#), "\(scope)")
        }
    }

    @Test func theUseIsNotedOnceAMinute() {
        let key = home.createKey(by: home.signIn("ada@example.com"))
        #expect(home.number("SELECT last_used_at IS NULL FROM api_keys") == 1)
        _ = verify(key.secret)
        let first = home.number("SELECT last_used_at FROM api_keys")
        _ = verify(key.secret)
        #expect(home.number("SELECT last_used_at FROM api_keys") == first)
        home.sql("UPDATE api_keys SET last_used_at = last_used_at - 61000")
        _ = verify(key.secret)
        #expect(home.number("SELECT last_used_at FROM api_keys") >= first)
        // A refusal does not count as a use.
        home.sql("UPDATE api_keys SET last_used_at = NULL, scopes = ''")
        #expect(verify(key.secret, scope: "a").status == 403)
        #expect(home.number("SELECT last_used_at IS NULL FROM api_keys") == 1)
    }
}
