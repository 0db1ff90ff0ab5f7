// What an API key gives access to, what it does not, and what its use records.

import TestSupport
import Testing

@Suite struct APIKeyUseEndpointTests {
    let home = Home()

    private func list(_ person: Person, _ key: String, _ more: [String: String] = [:]) -> Answer {
        home.get(
            "list-api-keys",
            ["HTTP_X_PROJECT_ID": person.project, "HTTP_X_API_KEY": key].merging(more) { $1 })
    }

    @Test func aKeyOpensNothingButTheList() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        let variables = ["HTTP_X_PROJECT_ID": ada.project, "HTTP_X_API_KEY": key.secret]
        for answer in [
            home.get("current-user", variables), home.post("create-api-key", #"{"name":"a"}"#, variables),
            home.deleteKey(key.id, variables),
        ] {
            #expect(
                answer.shown == """
                    401
                    \(standardHeaders)
                    WWW-Authenticate: Bearer
                    Content-Length: <count>

                    {"success":false,"data":null,"error":{"code":"not_authenticated","message":"This request needs credentials."}}
                    """)
        }
        #expect(home.get("current-user", ["HTTP_AUTHORIZATION": "Bearer \(key.secret)"]).code == "invalid_token")
        #expect(list(ada, ada.accessToken).code == "invalid_api_key")
        #expect(list(ada, key.secret).status == 200)
    }

    @Test func aKeyWithoutTheScopeIsToldWhichItLacks() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada, #","scopes":["other:read"]"#)
        #expect(
            list(ada, key.secret).shown == """
                403
                \(standardHeaders)
                WWW-Authenticate: Bearer error="insufficient_scope", scope="api-keys:read"
                Content-Length: <count>

                {"success":false,"data":null,"error":{"code":"insufficient_scope","message":"This API key does not have the scope api-keys:read."}}
                """)
    }

    @Test func anEmptyAuthorizationBesideAKeyIsNone() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada).secret
        #expect(list(ada, key, ["HTTP_AUTHORIZATION": ""]).status == 200)
    }

    @Test func theProjectIsNeededBesideAKeyAndInEitherCase() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada).secret
        #expect(list(ada, key, ["HTTP_X_PROJECT_ID": ""]).field("type") == "missing")
        #expect(list(ada, key, ["HTTP_X_PROJECT_ID": "x"]).field("type") == "uuid_parsing")
        #expect(list(ada, key, ["HTTP_X_PROJECT_ID": ada.project.uppercased()]).status == 200)
    }

    @Test func useIsNotedAtMostOnceAMinute() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada).secret
        #expect(home.number("SELECT count(last_used_at) FROM api_keys") == 0)
        _ = list(ada, key)
        let first = home.number("SELECT last_used_at FROM api_keys")
        shortPause()
        _ = list(ada, key)
        #expect(home.number("SELECT last_used_at FROM api_keys") == first)
        home.sql("UPDATE api_keys SET last_used_at = last_used_at - 61000")
        _ = list(ada, key)
        #expect(home.number("SELECT last_used_at FROM api_keys") > first)
    }

    @Test func anExpiredKeyIsListedAsInactiveAndCanStillBeDeleted() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada, #","expires_in_days":1"#)
        #expect(home.get("list-api-keys", ada.onProject).body.contains(#""is_active":true"#))
        home.sql("UPDATE api_keys SET expires_at = 1000 * unixepoch() - 1")
        #expect(home.get("list-api-keys", ada.onProject).body.contains(#""is_active":false"#))
        #expect(list(ada, key.secret).code == "invalid_api_key")
        #expect(home.deleteKey(key.id, ada.onProject).status == 200)
    }

    @Test func anAdminManagesAllKeysOfAProjectAndAFormerMemberNone() {
        let owner = home.signIn("owner@example.com")
        let other = home.signIn("other@example.com")
        home.sql(
            """
            INSERT INTO members SELECT u.id, p.project_id, 'admin', 0 FROM users u, members p
            WHERE u.email = 'other@example.com' AND p.user_id =
                (SELECT id FROM users WHERE email = 'owner@example.com')
            """)
        let keys = (0..<2).map { _ in home.createKey(by: owner).id }
        let shared = other.on(owner.project)
        #expect(home.deleteKey(keys[0], shared).status == 200)
        home.sql("DELETE FROM members WHERE role = 'admin'")
        #expect(home.deleteKey(keys[1], shared).code == "project_not_found")
        #expect(home.get("list-api-keys", shared).code == "project_not_found")
        #expect(home.number("SELECT count(*) FROM api_keys WHERE deactivated_at IS NULL") == 1)
    }

    @Test func aKeyIdIsTakenInEitherCase() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada).id
        #expect(home.deleteKey(key.uppercased(), ada.onProject).field("id") == key)
    }
}
