// GET and POST /auth/api-keys/verify: another service asks about a key that it was shown.

import TestSupport
import Testing

@Suite struct VerifyAPIKeyTests {
    let home = Home()

    private func verify(_ secret: String?, scope: String? = nil, method: String = "GET", _ more: [String: String] = [:]) -> Answer {
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
        #expect(answer.field("key_id") == key.id && answer.field("project_id") == ada.project && answer.field("owner_id") == ada.id)
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
        home.sql("UPDATE api_keys SET expires_at = 1")
        #expect(code(key.secret) == "api_key_expired")
        home.sql("UPDATE api_keys SET deactivated_at = 1")
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
        // A refusal is no use.
        home.sql("UPDATE api_keys SET last_used_at = NULL, scopes = ''")
        #expect(verify(key.secret, scope: "a").status == 403)
        #expect(home.number("SELECT last_used_at IS NULL FROM api_keys") == 1)
    }
}
