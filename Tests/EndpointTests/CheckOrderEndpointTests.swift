// The order of checks, and the methods of every endpoint: of several faults the client is told the first in that order.

import TestSupport
import Testing

private struct Endpoint {
    let name: String
    let methods: [String]
    let allow: String
    var path = ""
}

private let endpoints = [
    Endpoint(name: "send-code", methods: ["POST"], allow: "POST, OPTIONS"),
    Endpoint(name: "verify-code", methods: ["POST"], allow: "POST, OPTIONS"),
    Endpoint(name: "refresh-token", methods: ["POST"], allow: "POST, OPTIONS"),
    Endpoint(name: "revoke-token", methods: ["POST"], allow: "POST, OPTIONS"),
    Endpoint(name: "current-user", methods: ["GET", "HEAD"], allow: "GET, HEAD, PATCH, DELETE, OPTIONS"),
    Endpoint(name: "list-api-keys", methods: ["GET", "HEAD"], allow: "GET, HEAD, POST, OPTIONS"),
    Endpoint(name: "create-api-key", methods: ["POST"], allow: "GET, HEAD, POST, OPTIONS"),
    Endpoint(
        name: "delete-api-key", methods: ["DELETE"], allow: "DELETE, PATCH, OPTIONS",
        path: "/63f188cc-77d4-493a-9ce2-164471d9ac29"),
    Endpoint(
        name: "update-api-key", methods: ["PATCH"], allow: "DELETE, PATCH, OPTIONS",
        path: "/63f188cc-77d4-493a-9ce2-164471d9ac29"),
    Endpoint(
        name: "rotate-api-key", methods: ["POST"], allow: "POST, OPTIONS",
        path: "/63f188cc-77d4-493a-9ce2-164471d9ac29/rotate"),
    Endpoint(name: "verify-api-key", methods: ["GET", "HEAD", "POST"], allow: "GET, HEAD, POST, OPTIONS"),
    Endpoint(name: "list-sessions", methods: ["GET", "HEAD"], allow: "GET, HEAD, OPTIONS"),
    Endpoint(
        name: "delete-session", methods: ["DELETE"], allow: "DELETE, OPTIONS",
        path: "/63f188cc-77d4-493a-9ce2-164471d9ac29"),
    Endpoint(name: "revoke-other-sessions", methods: ["POST"], allow: "POST, OPTIONS"),
    Endpoint(name: "update-user", methods: ["PATCH"], allow: "GET, HEAD, PATCH, DELETE, OPTIONS"),
    Endpoint(name: "delete-user", methods: ["DELETE"], allow: "GET, HEAD, PATCH, DELETE, OPTIONS"),
    Endpoint(name: "send-deletion-code", methods: ["POST"], allow: "POST, OPTIONS"),
    Endpoint(name: "preferences", methods: ["GET", "HEAD"], allow: "GET, HEAD, OPTIONS"),
    Endpoint(name: "change-email", methods: ["POST"], allow: "POST, OPTIONS"),
    Endpoint(name: "confirm-email", methods: ["POST"], allow: "POST, OPTIONS"),
    Endpoint(name: "list-projects", methods: ["GET", "HEAD"], allow: "GET, HEAD, POST, OPTIONS"),
    Endpoint(name: "create-project", methods: ["POST"], allow: "GET, HEAD, POST, OPTIONS"),
    Endpoint(
        name: "get-project", methods: ["GET", "HEAD"], allow: "GET, HEAD, PATCH, DELETE, OPTIONS",
        path: "/63f188cc-77d4-493a-9ce2-164471d9ac29"),
    Endpoint(
        name: "update-project", methods: ["PATCH"], allow: "GET, HEAD, PATCH, DELETE, OPTIONS",
        path: "/63f188cc-77d4-493a-9ce2-164471d9ac29"),
    Endpoint(
        name: "delete-project", methods: ["DELETE"], allow: "GET, HEAD, PATCH, DELETE, OPTIONS",
        path: "/63f188cc-77d4-493a-9ce2-164471d9ac29"),
    Endpoint(
        name: "add-member", methods: ["POST"], allow: "POST, OPTIONS",
        path: "/63f188cc-77d4-493a-9ce2-164471d9ac29/members"),
    Endpoint(
        name: "update-member", methods: ["PATCH"], allow: "PATCH, DELETE, OPTIONS",
        path: "/63f188cc-77d4-493a-9ce2-164471d9ac29/members/63f188cc-77d4-493a-9ce2-164471d9ac29"),
    Endpoint(
        name: "remove-member", methods: ["DELETE"], allow: "PATCH, DELETE, OPTIONS",
        path: "/63f188cc-77d4-493a-9ce2-164471d9ac29/members/63f188cc-77d4-493a-9ce2-164471d9ac29"),
    Endpoint(name: "list-invitations", methods: ["GET", "HEAD"], allow: "GET, HEAD, OPTIONS"),
    Endpoint(
        name: "accept-invitation", methods: ["POST"], allow: "POST, OPTIONS",
        path: "/63f188cc-77d4-493a-9ce2-164471d9ac29/accept"),
    Endpoint(
        name: "decline-invitation", methods: ["DELETE"], allow: "DELETE, OPTIONS",
        path: "/63f188cc-77d4-493a-9ce2-164471d9ac29"),
    Endpoint(name: "jwks", methods: ["GET", "HEAD"], allow: "GET, HEAD, OPTIONS"),
    Endpoint(name: "health", methods: ["GET", "HEAD"], allow: "GET, HEAD, OPTIONS"),
    Endpoint(name: "metrics", methods: ["GET", "HEAD"], allow: "GET, HEAD, OPTIONS"),
]

@Suite struct CheckOrderEndpointTests {
    let home = Home()

    private func first(_ name: String, _ variables: [String: String], body: String = "") -> String {
        let answer = home.run(name, variables, body: body).answer
        return "\(answer.status) \(answer.code)"
    }

    @Test func everyEndpointRefusesEveryOtherMethod() {
        let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "get", "post", ""]
        for endpoint in endpoints {
            // By FastCGI one path serves the methods of several endpoints.
            let others = isFastCGI ? endpoint.allow.components(separatedBy: ", ") : []
            for method in methods where !endpoint.methods.contains(method) && !others.contains(method) {
                let answer = home.run(
                    endpoint.name, ["REQUEST_METHOD": method, "PATH_INFO": endpoint.path]
                ).answer
                #expect(answer.status == 405, "\(endpoint.name) \(method)")
                #expect(answer.header("Allow") == endpoint.allow, "\(endpoint.name) \(method)")
                #expect(answer.code == (method == "HEAD" ? "" : "method_not_allowed"), "\(endpoint.name) \(method)")
            }
        }
    }

    @Test func everyEndpointTellsItsMethods() {
        for endpoint in endpoints {
            let answer = home.run(
                endpoint.name, ["REQUEST_METHOD": "OPTIONS", "PATH_INFO": endpoint.path]
            ).answer
            #expect(
                answer.shown == """
                    204
                    Allow: \(endpoint.allow)
                    Cache-Control: no-store
                    X-Content-Type-Options: nosniff
                    X-Request-Id: <uuid>


                    """, "\(endpoint.name)")
        }
    }

    @Test func headOfAListHasTheHeadersOfGetAndNoBody() {
        let ada = home.signIn("ada@example.com")
        _ = home.createKey(by: ada)
        let get = home.get("list-api-keys", ada.onProject)
        let head = home.run("list-api-keys", ada.onProject.merging(["REQUEST_METHOD": "HEAD"]) { $1 }).answer
        #expect(head.status == 200)
        #expect(head.body == "")
        #expect(head.header("Content-Length") == String(get.body.utf8.count))
    }

    @Test func thePathIsJudgedBeforeTheMethod() {
        #expect(first("current-user", ["REQUEST_METHOD": "POST", "PATH_INFO": "/more"]) == "404 not_found")
    }

    @Test func theMethodIsJudgedBeforeTheBody() {
        #expect(first("send-code", ["REQUEST_METHOD": "PUT"]) == "405 method_not_allowed")
        #expect(
            first("send-code", ["REQUEST_METHOD": "PUT", "CONTENT_LENGTH": "99999999"])
                == "405 method_not_allowed")
    }

    @Test func lengthIsJudgedBeforeTypeAndTypeBeforeCredentials() {
        let post = ["REQUEST_METHOD": "POST", "CONTENT_TYPE": "text/plain", "HTTP_AUTHORIZATION": "Bearer a, b"]
        #expect(first("create-api-key", post) == "411 length_required")
        #expect(
            first("create-api-key", post.merging(["CONTENT_LENGTH": "65537"]) { $1 }) == "413 body_too_large")
        #expect(
            first("create-api-key", post.merging(["CONTENT_LENGTH": "2"]) { $1 }, body: "[]")
                == "415 unsupported_media_type")
        let json = ["CONTENT_LENGTH": "2", "CONTENT_TYPE": "application/json"]
        #expect(
            first("create-api-key", post.merging(json) { $1 }, body: "[]") == "400 ambiguous_credentials")
    }

    @Test func ambiguityIsJudgedBeforeCredentials() {
        let both = ["REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": "Bearer x", "HTTP_X_API_KEY": "y"]
        #expect(first("list-api-keys", both) == "400 ambiguous_credentials")
    }

    @Test func clientTokensAreJudgedBeforeFields() {
        let answer = home.post("send-code", "[]", ["LATCHKEY_CLIENT_TOKENS": "one-long-client-token"])
        #expect("\(answer.status) \(answer.code)" == "401 not_authenticated")
    }

    @Test func aDeactivatedAccountIsJudgedBeforeFields() {
        let ada = home.signIn("ada@example.com")
        home.sql("UPDATE users SET is_active = 0")
        #expect(home.post("create-api-key", "[]", ada.on("nonsense")).code == "account_inactive")
        let list = ada.on("nonsense").merging(["REQUEST_METHOD": "GET", "QUERY_STRING": "page=0"]) { $1 }
        #expect(first("list-api-keys", list) == "403 account_inactive")
        let delete = ada.bearer.merging(["REQUEST_METHOD": "DELETE", "PATH_INFO": "/x"]) { $1 }
        #expect(first("delete-api-key", delete) == "403 account_inactive")
    }

    @Test func fieldsAreJudgedBeforeScopeProjectAndKey() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada, #","scopes":[]"#).secret
        let list = ["REQUEST_METHOD": "GET", "HTTP_X_API_KEY": key, "HTTP_X_PROJECT_ID": ada.project]
        #expect(
            first("list-api-keys", list.merging(["QUERY_STRING": "page=0"]) { $1 }) == "422 validation_error")
        #expect(first("list-api-keys", list) == "403 insufficient_scope")
        let nowhere = "1a42c90f-02a6-434b-b9e6-43801a9314d0"
        let delete = ada.on(nowhere).merging(["REQUEST_METHOD": "DELETE"]) { $1 }
        #expect(
            first("delete-api-key", delete.merging(["PATH_INFO": "/x"]) { $1 }) == "422 validation_error")
        #expect(
            first("delete-api-key", delete.merging(["PATH_INFO": "/\(nowhere)"]) { $1 })
                == "404 project_not_found")
        #expect(home.post("create-api-key", "[]", ada.on(nowhere)).code == "validation_error")
    }
}
