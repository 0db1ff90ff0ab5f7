// Refusals by a web server that a program answers: the server's status, in our envelope.

import TestSupport
import Testing

@Suite struct ServerRefusalEndpointTests {
    private let home = Home()

    private func refused(_ status: String, _ variables: [String: String] = [:]) -> Answer {
        home.run(
            "not-found",
            ["REQUEST_METHOD": "GET", "REQUEST_URI": "/x", "REDIRECT_STATUS": status].merging(variables) { $1 }
        ).answer
    }

    @Test(arguments: [
        ("400", 400, "bad_request"), ("403", 403, "forbidden"), ("404", 404, "not_found"), ("408", 408, "request_timeout"),
        ("411", 411, "length_required"), ("413", 413, "body_too_large"), ("414", 414, "uri_too_long"),
        ("417", 400, "bad_request"),
        ("431", 431, "header_fields_too_large"), ("494", 431, "header_fields_too_large"), ("500", 500, "internal_error"),
        ("501", 501, "not_implemented"), ("502", 502, "temporarily_unavailable"), ("503", 503, "temporarily_unavailable"),
        ("504", 504, "temporarily_unavailable"), ("505", 400, "bad_request"), ("506", 500, "internal_error"),
    ]) func aStatusOfTheServersHasItsCode(told: String, status: Int, code: String) {
        let answer = refused(told)
        #expect(answer.status == status && answer.code == code)
        #expect(answer.header("Content-Type") == "application/json; charset=utf-8")
        #expect(answer.header("Cache-Control") == "no-store")
        #expect(answer.header("Content-Length") == String(answer.body.utf8.count))
        #expect(answer.header("Retry-After") == ((502...504).contains(status) ? "2" : nil))
    }

    @Test func theWholeAnswer() {
        #expect(
            refused("413").shown == """
                413
                \(standardHeaders)
                Content-Length: <count>

                {"success":false,"data":null,"error":{"code":"body_too_large","message":"The body may have at most 65536 bytes."}}
                """)
    }

    @Test func aMethodThatTheServerRefusesIsAnsweredWithThoseOfThePath() {
        let answer = refused("405", ["REQUEST_URI": "/auth/users/me"])
        #expect(answer.status == 405)
        #expect(answer.header("Allow") == "GET, HEAD, PATCH, DELETE, OPTIONS")
        #expect(refused("405").status == 404)
    }

    /// SCRIPT_NAME names the executable; the request's path is another one in the same folder.
    @Test(arguments: [
        ("/auth/not-found", "/auth/users/me"), ("/auth/not-found", "/auth"), ("/auth/not-found", "/auth/?x=/auth/not-found"),
        ("/a/b/not-found", "/a/b/health"), ("/a/b/not-found", "/a//./b/c/../health"), ("/auth/not-found", "/%61uth/not%2Dfoundx"),
    ]) func aFolderOfASiteIsRefusedByName(script: String, path: String) {
        for method in ["GET", "OPTIONS", "PUT", "POST"] {
            let answer = home.run(
                "not-found", ["REQUEST_METHOD": method, "REQUEST_URI": path, "SCRIPT_NAME": script, "REDIRECT_STATUS": "200"]
            ).answer
            #expect(answer.status == 404 && answer.code == "not_at_root")
        }
    }

    /// At the root of a host, at its own path, in a host's cgi-bin, or reached from outside its folder.
    @Test(arguments: [
        ("/not-found", "/auth/users/mine"), ("/cgi-bin/not-found", "/cgi-bin/not-found"),
        ("/cgi-bin/not-found", "/cgi-bin/not-found/x"),
        ("/cgi-bin/not-found", "/no/such/path"), ("/auth/not-found", "/authx/y"), ("", "/auth/x"), ("not-found", "/auth/x"),
    ]) func anyOtherPlaceIsNone(script: String, path: String) {
        let answer = home.run("not-found", ["REQUEST_METHOD": "GET", "REQUEST_URI": path, "SCRIPT_NAME": script]).answer
        #expect(answer.status == 404 && answer.code == "not_found")
    }

    @Test func anythingElseIsNoRefusal() {
        for status in ["200", "", "399", "600", "4x3", "0413", "+413"] {
            #expect(refused(status).code == "not_found", "\(status)")
        }
        // A client's header field gets another name.
        #expect(refused("200", ["HTTP_REDIRECT_STATUS": "413"]).status == 404)
    }
}
