// POST /auth/api-keys/, by environment and standard input.

import TestSupport
import Testing

@Suite struct CreateAPIKeyEndpointTests {
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
        #expect(home.number("SELECT count(*) FROM api_keys WHERE expires_at - created_at = 2592000000") == 3)
        #expect(type(#""name":"a","expires_in_days":99999999999999999999"#) == "int_parsing_size")
        #expect(type(#""name":"a","scopes":"all""#) == "list_type")
        let many = (0..<65).map { "\"s\($0)\"" }.joined(separator: ",")
        #expect(type(#""name":"a","scopes":[\#(many)]"#) == "too_long")
    }
}
