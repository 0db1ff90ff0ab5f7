// PATCH /auth/api-keys/{key_id} and POST /auth/api-keys/{key_id}/rotate, by environment and standard input.

import TestSupport
import Testing

@Suite struct APIKeyChangeEndpointTests {
    let home = Home()

    private func update(_ id: String, _ body: String, by person: Person) -> Answer {
        home.patch("update-api-key", body, person.onProject.merging(["PATH_INFO": "/\(id)"]) { $1 })
    }

    private func rotate(_ id: String, _ body: String = "{}", by person: Person) -> Answer {
        home.post("rotate-api-key", body, person.onProject.merging(["PATH_INFO": "/\(id)/rotate"]) { $1 })
    }

    private func isGood(_ secret: String) -> Bool { home.get("verify-api-key", ["HTTP_X_API_KEY": secret]).status == 200 }

    // MARK: Changing

    @Test func nameAndScopesChangeAndTheSecretStays() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        let answer = update(key.id, #"{"name":"renamed","scopes":["a:read"]}"#, by: ada)
        #expect(
            answer.shown == """
                200
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{"id":"<uuid>","prefix":"<prefix>","name":"renamed","full_key":null,"scopes":["a:read"],"last_used_at":null,"expires_at":null,"is_active":true,"created_at":"<time>","updated_at":"<time>","replaces":null,"replaced_by":null},"error":null}
                """)
        #expect(isGood(key.secret))
        #expect(home.get("verify-api-key", ["HTTP_X_API_KEY": key.secret, "QUERY_STRING": "scope=b:read"]).status == 403)
        #expect(home.number("SELECT count(*) FROM audit_events WHERE event = 'key-changed'") == 1)
    }

    @Test func whatIsLeftOutStays() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada, #","scopes":["a:read"]"#)
        #expect(update(key.id, #"{"name":"b"}"#, by: ada).body.contains(#""name":"b","full_key":null,"scopes":["a:read"]"#))
        #expect(update(key.id, #"{"scopes":null}"#, by: ada).body.contains(#""name":"b","full_key":null,"scopes":null"#))
        #expect(update(key.id, #"{"scopes":[]}"#, by: ada).body.contains(#""name":"b","full_key":null,"scopes":[]"#))
        #expect(update(key.id, "{}", by: ada).body.contains(#""name":"b","full_key":null,"scopes":[]"#))
    }

    @Test func faultsAreAllListed() {
        let ada = home.signIn("ada@example.com")
        let answer = update("x", #"{"name":"","scopes":["a b"]}"#, by: ada)
        #expect(answer.status == 422)
        for place in [#"["path","key_id"]"#, #"["body","name"]"#, #"["body","scopes",0]"#] {
            #expect(answer.body.contains(place), "\(answer.body)")
        }
        #expect(update(home.createKey(by: ada).id, #"{"name":null}"#, by: ada).body.contains(#""type":"string_type""#))
    }

    // MARK: Rotating

    @Test func aRotatedKeyMayDoTheSameAndTheOldOneDies() {
        let ada = home.signIn("ada@example.com")
        let old = home.createKey(by: ada, #","scopes":["a:*"],"expires_in_days":9"#)
        let answer = rotate(old.id, by: ada)
        #expect(
            answer.shown == """
                201
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{"id":"<uuid>","prefix":"<prefix>","name":"key","full_key":"<key>","scopes":["a:*"],"last_used_at":null,"expires_at":"<time>","is_active":true,"created_at":"<time>","updated_at":"<time>","replaces":"<uuid>","replaced_by":null},"error":null}
                """)
        #expect(answer.field("replaces") == old.id)
        let list = home.get("list-api-keys", ada.onProject).body
        #expect(
            list.contains(#""replaces":"\#(old.id)","replaced_by":null"#)
                && list.contains(#""replaces":null,"replaced_by":"\#(answer.field("id"))""#))
        #expect(answer.field("id") != old.id && answer.field("full_key") != old.secret)
        #expect(isGood(answer.field("full_key")) && !isGood(old.secret))
        #expect(home.number("SELECT count(DISTINCT expires_at) FROM api_keys") == 1)
        #expect(home.number("SELECT count(*) FROM audit_events WHERE detail = 'rotated'") == 2)
    }

    @Test func anOverlapKeepsTheOldOneForThatLong() {
        let ada = home.signIn("ada@example.com")
        let old = home.createKey(by: ada)
        let new = rotate(old.id, #"{"overlap_days":2}"#, by: ada).field("full_key")
        #expect(isGood(new) && isGood(old.secret))
        let left = home.number("SELECT expires_at - 1000 * unixepoch() FROM api_keys WHERE expires_at IS NOT NULL")
        #expect(left > 172_790_000 && left <= 172_801_000)
        home.sql("UPDATE api_keys SET expires_at = unixepoch() * 1000 - 1 WHERE expires_at IS NOT NULL")
        #expect(isGood(new) && !isGood(old.secret))
    }

    @Test func anOverlapNeverOutlivesTheKeysOwnEnd() {
        let ada = home.signIn("ada@example.com")
        let old = home.createKey(by: ada, #","expires_in_days":1"#)
        _ = rotate(old.id, #"{"overlap_days":30}"#, by: ada)
        #expect(home.number("SELECT count(*) FROM api_keys WHERE expires_at <= 1000 * unixepoch() + 86400000 + 1000") == 2)
    }

    @Test func onlyAnActiveKeyIsRotated() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        #expect(rotate(key.id, by: ada).status == 201)
        #expect(rotate(key.id, by: ada).code == "api_key_not_found")
        #expect(home.number("SELECT count(*) FROM api_keys") == 2)
        for days in ["31", "-1", "\"1\"", "1.5"] {
            #expect(rotate(key.id, "{\"overlap_days\":\(days)}", by: ada).status == 422, "\(days)")
        }
    }

    @Test func whoMayNotManageAKeyIsToldThatThereIsNone() {
        let (ada, eve) = (home.signIn("ada@example.com"), home.signIn("eve@example.com"))
        let key = home.createKey(by: ada)
        for answer in [update(key.id, #"{"name":"x"}"#, by: eve), rotate(key.id, by: eve)] {
            #expect(answer.code == "api_key_not_found")
        }
        let intruder = Person(email: eve.email, accessToken: eve.accessToken, refreshToken: "", id: eve.id, project: ada.project)
        for answer in [update(key.id, #"{"name":"x"}"#, by: intruder), rotate(key.id, by: intruder)] {
            #expect(answer.code == "project_not_found")
        }
        home.sql(
            "INSERT INTO members SELECT (SELECT id FROM users WHERE email = 'eve@example.com'), project_id, 'member', 0 FROM api_keys"
        )
        for answer in [update(key.id, #"{"name":"x"}"#, by: intruder), rotate(key.id, by: intruder)] {
            #expect(answer.code == "api_key_not_found")
        }
        home.sql("UPDATE members SET role = 'admin' WHERE created_at = 0")
        #expect(update(key.id, #"{"name":"x"}"#, by: intruder).status == 200)
        #expect(rotate(key.id, by: intruder).status == 201)
    }
}
