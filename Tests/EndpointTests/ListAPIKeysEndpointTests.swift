// GET /auth/api-keys/: requests that the environment contains entirely.

import TestSupport
import Testing

@Suite struct ListAPIKeysEndpointTests {
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
