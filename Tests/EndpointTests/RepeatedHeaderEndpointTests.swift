// A header field that a rule reads occurs once, or every endpoint refuses the request.

import Foundation
import TestSupport
import Testing

@Suite struct RepeatedHeaderEndpointTests {
    let home = Home(settings: "trusted_proxies = 192.0.2.7\ncors_origins = https://app.example.com\n")
    private let body = #"{"refresh_token":"none"}"#

    /// A valid request plus the header fields in `more`; the fields in `again` are sent a second time.
    private func revoke(_ more: [String: String], again: [String: String] = [:]) -> (answer: Answer, log: String) {
        let plain = ["REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": String(body.utf8.count)]
        return home.run("revoke-token", plain.merging(more) { $1 }, again: again, body: body)
    }

    private func value(_ row: DecidingField) -> String {
        row.value.replacingOccurrences(of: "{length}", with: String(body.utf8.count))
    }

    @Test func aFieldThatIsThereTwiceIsRefused() {
        #expect(DecidingField.all.count >= 17)
        for row in DecidingField.all {
            #expect(revoke([row.variable: value(row)]).answer.status == 200, "\(row.field)")
            let more = row.variable == "HTTP_TRANSFER_ENCODING" ? ["CONTENT_LENGTH": ""] : [:]
            let twice = revoke(more.merging([row.variable: value(row)]) { $1 }, again: [row.variable: row.other]).answer
            #expect(twice.status == 400 && twice.code == row.code, "\(row.field): \(twice.body)")
            // The first value's content type is checked before the repetition.
            let reversed = revoke(more.merging([row.variable: row.other]) { $1 }, again: [row.variable: value(row)]).answer
            let expected = row.variable == "CONTENT_TYPE" ? "unsupported_media_type" : row.code
            #expect(reversed.code == expected, "\(row.field): \(reversed.body)")
            #expect(revoke([row.variable: value(row)], again: [row.variable: ""]).answer.status == 200, "\(row.field)")
        }
    }

    @Test func theAnswerSaysWhichKindItIs() {
        let answer = home.run("current-user", ["REQUEST_METHOD": "GET", "HTTP_VIA": "1.1 a"], again: ["HTTP_VIA": "1.1 b"]).answer
        #expect(
            answer.shown == """
                400
                \(standardHeaders)
                Content-Length: <count>

                {"success":false,"data":null,"error":{"code":"ambiguous_headers",\
                "message":"A header field that may be sent only once was sent more than once."}}
                """)
    }

    @Test func ambiguityIsJudgedInItsPlace() {
        let again = ["HTTP_X_FORWARDED_FOR": "203.0.113.5"]
        func code(_ name: String, _ variables: [String: String]) -> String {
            home.run(name, variables.merging(["HTTP_X_FORWARDED_FOR": "198.51.100.1"]) { $1 }, again: again, body: body).answer
                .code
        }
        #expect(code("current-user", ["REQUEST_METHOD": "GET", "PATH_INFO": "/more"]) == "not_found")
        #expect(code("current-user", ["REQUEST_METHOD": "PUT"]) == "method_not_allowed")
        let post = ["REQUEST_METHOD": "POST", "CONTENT_TYPE": "text/plain"]
        #expect(code("create-api-key", post) == "length_required")
        #expect(code("create-api-key", post.merging(["CONTENT_LENGTH": "65537"]) { $1 }) == "body_too_large")
        let length = ["CONTENT_LENGTH": String(body.utf8.count)]
        #expect(code("create-api-key", post.merging(length) { $1 }) == "unsupported_media_type")
        let json = ["REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json"].merging(length) { $1 }
        // On every endpoint, before credentials, fields and all later checks.
        #expect(code("create-api-key", json) == "ambiguous_headers")
        #expect(code("send-code", json) == "ambiguous_headers")
        for name in ["current-user", "metrics", "health", "jwks", "list-projects", "list-sessions"] {
            #expect(code(name, ["REQUEST_METHOD": "GET"]) == "ambiguous_headers", "\(name)")
        }
    }

    @Test func aForgedSecondFieldChangesNoAddress() {
        let get = ["REQUEST_METHOD": "GET", "HTTP_X_FORWARDED_FOR": "198.51.100.1"]
        #expect(home.run("current-user", get).log.contains(" ip=198.51.100.1 "))
        // The proxy sent two, so the log line must not ban anyone.
        let log = home.run("current-user", get, again: ["HTTP_X_FORWARDED_FOR": "203.0.113.5"]).log
        #expect(log.contains(" ip=192.0.2.7 ") && log.contains(" status=400 outcome=ambiguous_headers "), "\(log)")
    }

    @Test func twoOriginsAreNotAdmitted() {
        let own = "https://app.example.com"
        for method in ["GET", "OPTIONS"] {
            let one = home.run("current-user", ["REQUEST_METHOD": method, "HTTP_ORIGIN": own]).answer
            #expect(one.header("Access-Control-Allow-Origin") == own)
            for (first, second) in [(own, "https://evil.example.com"), ("https://evil.example.com", own), (own, own)] {
                let both = home.run(
                    "current-user", ["REQUEST_METHOD": method, "HTTP_ORIGIN": first], again: ["HTTP_ORIGIN": second]
                ).answer
                #expect(both.header("Access-Control-Allow-Origin") == nil)
                #expect(both.status == (method == "GET" ? 400 : 204))
            }
            let joined = home.run("current-user", ["REQUEST_METHOD": method, "HTTP_ORIGIN": "\(own), \(own)"]).answer
            #expect(joined.header("Access-Control-Allow-Origin") == nil)
        }
    }

    /// A page cannot send an untyped body by adding a second `Sec-Fetch-Site`.
    @Test func aSecondFieldMakesNoPageAPerson() {
        for (first, second) in [("cross-site", "none"), ("none", "cross-site")] {
            let answer = revoke(["CONTENT_TYPE": "", "HTTP_SEC_FETCH_SITE": first], again: ["HTTP_SEC_FETCH_SITE": second]).answer
            #expect(answer.status == 415)
        }
    }
}
