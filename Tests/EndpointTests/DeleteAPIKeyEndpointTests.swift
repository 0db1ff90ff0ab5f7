// DELETE /auth/api-keys/{key_id}: requests that the environment contains entirely.

import TestSupport
import Testing

@Suite struct DeleteAPIKeyEndpointTests {
    let home = Home()

    @Test func deletingDeactivatesOnceAndForAll() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        let first = home.deleteKey(key.id, ada.onProject)
        #expect(
            first.shown == """
                200
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{"id":"<uuid>","is_active":false,"deactivated_at":"<time>"},"error":null}
                """)
        shortPause()
        #expect(home.deleteKey(key.id, ada.onProject).body == first.body)
        let list = home.get("list-api-keys", ada.onProject)
        #expect(list.body.contains(#""is_active":false"#))
        let use = home.get(
            "list-api-keys", ["HTTP_X_PROJECT_ID": ada.project, "HTTP_X_API_KEY": key.secret])
        #expect(use.code == "invalid_api_key")
    }

    @Test func anUnknownKeyIsNotThere() {
        let ada = home.signIn("ada@example.com")
        #expect(
            home.deleteKey("63f188cc-77d4-493a-9ce2-164471d9ac29", ada.onProject).shown == """
                404
                \(standardHeaders)
                Content-Length: <count>

                {"success":false,"data":null,"error":{"code":"api_key_not_found","message":"There is no such API key."}}
                """)
    }

    @Test func faultsOfPathAndHeaderAreListedTogether() {
        let ada = home.signIn("ada@example.com")
        #expect(
            home.deleteKey("not-a-uuid", ada.bearer).body == validation
                + #"{"loc":["path","key_id"],"msg":"Input should be a valid UUID, unable to parse string as a UUID","type":"uuid_parsing"},{"loc":["header","x-project-id"],"msg":"Field required","type":"missing"}]}"#
        )
    }

    @Test func membersManageTheirOwnKeysAndOwnersAll() {
        let owner = home.signIn("owner@example.com")
        let member = home.signIn("member@example.com")
        home.sql(
            """
            INSERT INTO members SELECT u.id, p.project_id, 'member', 0 FROM users u, members p
            WHERE u.email = 'member@example.com' AND p.user_id =
                (SELECT id FROM users WHERE email = 'owner@example.com')
            """)
        let ownersKey = home.createKey(by: owner).id
        let shared = member.on(owner.project)
        let membersKey = home.post("create-api-key", #"{"name":"mine"}"#, shared).field("id")
        #expect(home.get("list-api-keys", shared).body.contains(ownersKey))
        #expect(home.deleteKey(ownersKey, shared).code == "api_key_not_found")
        #expect(home.deleteKey(membersKey, shared).status == 200)
        let second = home.post("create-api-key", #"{"name":"mine"}"#, shared).field("id")
        #expect(home.deleteKey(second, owner.onProject).status == 200)
    }
}
