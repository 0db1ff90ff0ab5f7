// The three endpoints of /auth/api-keys, by environment and standard input.

import TestSupport
import Testing

private let validation =
    #"{"success":false,"data":null,"error":{"code":"validation_error","message":"Some of what was sent is not valid."},"detail":["#

private func delete(_ home: Home, _ key: String, _ variables: [String: String]) -> Answer {
    home.run(
        "delete-api-key",
        ["REQUEST_METHOD": "DELETE", "PATH_INFO": "/\(key)"].merging(variables) { $1 }
    ).answer
}

@Suite struct CreateAPIKeyTests {
    let home = Home()

    @Test func theWholeKeyIsToldOnce() {
        let ada = home.signIn("ada@example.com")
        let answer = home.post(
            "create-api-key", #"{"name":"test","expires_in_days":null,"scopes":null}"#, ada.onProject)
        #expect(
            answer.shown == """
                201
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{"id":"<uuid>","prefix":"<prefix>","name":"test","full_key":"<key>","scopes":null,"last_used_at":null,"expires_at":null,"is_active":true,"created_at":"<time>","updated_at":"<time>","replaces":null,"replaced_by":null},"error":null}
                """)
        #expect(answer.field("full_key").hasPrefix(answer.field("prefix")))
        #expect(home.get("list-api-keys", ada.onProject).body.contains(#""full_key":null"#))
    }

    @Test func expiryAndScopesAreKept() {
        let ada = home.signIn("ada@example.com")
        let answer = home.post(
            "create-api-key", #"{"name":"ключ 🔑","expires_in_days":1,"scopes":["a:b","c.*"],"other":1}"#,
            ada.onProject)
        #expect(answer.status == 201)
        #expect(
            answer.shownBody.contains(
                #""name":"ключ 🔑","full_key":"<key>","scopes":["a:b","c.*"],"last_used_at":null,"expires_at":"<time>""#))
        #expect(home.number("SELECT expires_at - created_at FROM api_keys") == 86_400_000)
    }

    @Test func everyFaultOfHeaderAndBodyIsListed() {
        let ada = home.signIn("ada@example.com")
        let answer = home.post(
            "create-api-key", #"{"name":"","expires_in_days":0,"scopes":["a b",1,""]}"#,
            ada.on("nonsense"))
        #expect(
            answer.body == validation
                + #"{"loc":["header","x-project-id"],"msg":"Input should be a valid UUID, unable to parse string as a UUID","type":"uuid_parsing"},{"loc":["body","name"],"msg":"String should have at least 1 character","type":"string_too_short"},{"loc":["body","expires_in_days"],"msg":"Input should be greater than or equal to 1","type":"greater_than_equal"},{"loc":["body","scopes",0],"msg":"String should match pattern '^[A-Za-z0-9:._*/-]+$'","type":"string_pattern_mismatch"},{"loc":["body","scopes",1],"msg":"Input should be a valid string","type":"string_type"},{"loc":["body","scopes",2],"msg":"String should have at least 1 character","type":"string_too_short"}]}"#
        )
    }

    @Test func eachFieldHasItsBounds() {
        let ada = home.signIn("ada@example.com")
        func type(_ members: String) -> String {
            home.post("create-api-key", "{\(members)}", ada.onProject).field("type")
        }
        let long = String(repeating: "é", count: 255)
        #expect(home.post("create-api-key", #"{"name":"\#(long)"}"#, ada.onProject).status == 201)
        #expect(type(#""name":"\#(long)x""#) == "string_too_long")
        #expect(type(#""name":null"#) == "string_type")
        #expect(type(#""x":1"#) == "missing")
        #expect(type(#""name":"a","expires_in_days":3651"#) == "less_than_equal")
        #expect(type(#""name":"a","expires_in_days":1.5"#) == "int_from_float")
        #expect(type(#""name":"a","expires_in_days":"5""#) == "int_type")
        for days in ["30.0", "3e1", "300e-1"] {
            #expect(
                home.post("create-api-key", #"{"name":"a","expires_in_days":\#(days)}"#, ada.onProject).status == 201, "\(days)")
        }
        #expect(home.post("create-api-key", "\u{FEFF}{\"name\":\"marked\"}", ada.onProject).status == 201)
        #expect(home.number("SELECT count(*) FROM api_keys WHERE expires_at - created_at = 30 * 86400000") == 3)
        #expect(type(#""name":"a","expires_in_days":99999999999999999999"#) == "int_parsing_size")
        #expect(type(#""name":"a","scopes":"all""#) == "list_type")
        let many = (0..<65).map { "\"s\($0)\"" }.joined(separator: ",")
        #expect(type(#""name":"a","scopes":[\#(many)]"#) == "too_long")
    }
}

@Suite struct ListAPIKeysTests {
    let home = Home()

    @Test func keysAreListedNewestFirstInPages() {
        let ada = home.signIn("ada@example.com")
        for name in ["one", "two", "three"] {
            _ = home.post("create-api-key", #"{"name":"\#(name)"}"#, ada.onProject)
        }
        func list(_ query: String) -> Answer {
            home.get("list-api-keys", ada.onProject.merging(["QUERY_STRING": query]) { $1 })
        }
        let first = list("page=1&limit=2")
        #expect(
            first.shown == """
                200
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{"items":[{"id":"<uuid>","prefix":"<prefix>","name":"three","full_key":null,"scopes":null,"last_used_at":null,"expires_at":null,"is_active":true,"created_at":"<time>","updated_at":"<time>","replaces":null,"replaced_by":null},{"id":"<uuid>","prefix":"<prefix>","name":"two","full_key":null,"scopes":null,"last_used_at":null,"expires_at":null,"is_active":true,"created_at":"<time>","updated_at":"<time>","replaces":null,"replaced_by":null}],"pagination":{"page":1,"limit":2,"total":3,"pages":2}},"error":null}
                """)
        #expect(list("limit=2&page=2").body.contains(#""name":"one""#))
        #expect(
            list("page=9").body.hasSuffix(#""items":[],"pagination":{"page":9,"limit":10,"total":3,"pages":1}},"error":null}"#))
        #expect(list("page=9223372036854775807&limit=100").body.contains(#""items":[]"#))
        #expect(list("limit=500").body.contains(#""limit":100"#))
        let eve = home.signIn("eve@example.com")
        #expect(
            home.get("list-api-keys", eve.onProject).body.hasSuffix(
                #""items":[],"pagination":{"page":1,"limit":10,"total":0,"pages":1}},"error":null}"#))
    }

    @Test func everyFaultOfQueryAndHeaderIsListed() {
        let ada = home.signIn("ada@example.com")
        func answer(_ query: String, _ variables: [String: String]) -> String {
            home.get("list-api-keys", variables.merging(["QUERY_STRING": query]) { $1 }).body
        }
        #expect(
            answer("page=0&limit=%2B5", ada.bearer) == validation
                + #"{"loc":["query","page"],"msg":"Input should be greater than or equal to 1","type":"greater_than_equal"},{"loc":["query","limit"],"msg":"Input should be a valid integer, unable to parse string as an integer","type":"int_parsing"},{"loc":["header","x-project-id"],"msg":"Field required","type":"missing"}]}"#
        )
        for (value, type) in [
            ("", "int_parsing"), ("+5", "int_parsing"), ("1.0", "int_parsing"), ("%EF%BC%91", "int_parsing"),
            ("-1", "greater_than_equal"), ("99999999999999999999", "int_parsing_size"),
        ] {
            #expect(answer("page=\(value)", ada.onProject).contains("\"type\":\"\(type)\""), "\(value)")
        }
    }

    @Test func aKeyListsItsOwnProjectAndShowsItsUse() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        let project = ["HTTP_X_PROJECT_ID": ada.project]
        let answer = home.get("list-api-keys", project.merging(["HTTP_X_API_KEY": key.secret]) { $1 })
        #expect(answer.status == 200)
        #expect(answer.shownBody.contains(#""last_used_at":"<time>""#))
        let eve = home.signIn("eve@example.com")
        let foreign = home.get(
            "list-api-keys", ["HTTP_X_PROJECT_ID": eve.project, "HTTP_X_API_KEY": key.secret])
        #expect(
            foreign.shown == """
                401
                \(standardHeaders)
                WWW-Authenticate: Bearer error="invalid_token"
                Content-Length: <count>

                {"success":false,"data":null,"error":{"code":"invalid_api_key","message":"The API key is not valid for this project."}}
                """)
    }

    @Test func aKeyIsGoodOnlyWhileItsCreatorIsAndItIs() {
        let ada = home.signIn("ada@example.com")
        func status(of key: String) -> Int {
            home.get(
                "list-api-keys", ["HTTP_X_PROJECT_ID": ada.project, "HTTP_X_API_KEY": key]
            ).status
        }
        let key = home.createKey(by: ada).secret
        #expect(status(of: key) == 200)
        #expect(status(of: String(key.dropLast()) + (key.last == "A" ? "B" : "A")) == 401)
        #expect(status(of: "sk_nonsense") == 401)
        home.sql("UPDATE users SET is_active = 0")
        #expect(status(of: key) == 401)
        home.sql("UPDATE users SET is_active = 1; UPDATE api_keys SET expires_at = unixepoch() * 1000 - 1")
        #expect(status(of: key) == 401)
        home.sql("UPDATE api_keys SET expires_at = NULL; DELETE FROM members")
        #expect(status(of: key) == 401)
    }

    @Test func scopesDecide() {
        let ada = home.signIn("ada@example.com")
        for (scopes, status) in [
            ("null", 200), ("[]", 403), (#"["api-keys:read"]"#, 200), (#"["api-keys:*"]"#, 200),
            (#"["*"]"#, 200), (#"["api-keys:write"]"#, 403), (#"["api-keys:rea"]"#, 403),
        ] {
            let key = home.createKey(by: ada, ",\"scopes\":\(scopes)")
            let answer = home.get(
                "list-api-keys", ["HTTP_X_PROJECT_ID": ada.project, "HTTP_X_API_KEY": key.secret])
            #expect(answer.status == status, "\(scopes)")
            if status == 403 {
                #expect(
                    answer.body
                        == #"{"success":false,"data":null,"error":{"code":"insufficient_scope","message":"This API key does not have the scope api-keys:read."}}"#
                )
            }
        }
    }
}

@Suite struct DeleteAPIKeyTests {
    let home = Home()

    @Test func deletingDeactivatesOnceAndForAll() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        let first = delete(home, key.id, ada.onProject)
        #expect(
            first.shown == """
                200
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{"id":"<uuid>","is_active":false,"deactivated_at":"<time>"},"error":null}
                """)
        shortPause()
        #expect(delete(home, key.id, ada.onProject).body == first.body)
        let list = home.get("list-api-keys", ada.onProject)
        #expect(list.body.contains(#""is_active":false"#))
        let use = home.get(
            "list-api-keys", ["HTTP_X_PROJECT_ID": ada.project, "HTTP_X_API_KEY": key.secret])
        #expect(use.code == "invalid_api_key")
    }

    @Test func anUnknownKeyIsNotThere() {
        let ada = home.signIn("ada@example.com")
        #expect(
            delete(home, "63f188cc-77d4-493a-9ce2-164471d9ac29", ada.onProject).shown == """
                404
                \(standardHeaders)
                Content-Length: <count>

                {"success":false,"data":null,"error":{"code":"api_key_not_found","message":"There is no such API key."}}
                """)
    }

    @Test func faultsOfPathAndHeaderAreListedTogether() {
        let ada = home.signIn("ada@example.com")
        #expect(
            delete(home, "not-a-uuid", ada.bearer).body == validation
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
        #expect(delete(home, ownersKey, shared).code == "api_key_not_found")
        #expect(delete(home, membersKey, shared).status == 200)
        let second = home.post("create-api-key", #"{"name":"mine"}"#, shared).field("id")
        #expect(delete(home, second, owner.onProject).status == 200)
    }
}
