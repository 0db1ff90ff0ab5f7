// Which bodies are accepted as JSON, and which methods are known.

import CGI
import Glibc
import TestSupport
import Testing

private func request(_ entries: String...) -> Request {
    Request(parameters: parameters(entries)) { _ in nil }
}

@Suite struct ContentTypeTests {
    @Test(arguments: [
        "", "application/json", "Application/JSON", "application/json; charset=utf-8", "application/json;charset=latin1",
        " application/json ",
        "application/problem+json", "application/vnd.api+JSON; x=y",
    ]) func isJSON(type: String) {
        #expect(request("CONTENT_TYPE=\(type)").isJSON)
    }

    @Test(arguments: [
        "text/plain", "text/json", "application/jsonp", "application/x-www-form-urlencoded", "json", "application/",
        "application/+json",
        "multipart/form-data; boundary=application/json", "application/json, text/plain", "applicatio\u{301}n/json",
        "text/x+json", ";application/json",
    ]) func isNot(type: String) {
        #expect(!request("CONTENT_TYPE=\(type)").isJSON)
    }

    @Test func noTypeIsTakenAsJSON() {
        #expect(request("OTHER=1").isJSON)
    }

    @Test(arguments: [
        "HTTP_ORIGIN=https://evil.example", "HTTP_ORIGIN=null", "HTTP_SEC_FETCH_SITE=cross-site",
        "HTTP_SEC_FETCH_SITE=same-origin",
    ]) func butNotFromAWebPage(entry: String) {
        #expect(!request(entry).isJSON)
        #expect(!request("CONTENT_TYPE=", entry).isJSON)
        #expect(request("CONTENT_TYPE=application/json", entry).isJSON)
    }

    @Test func whatAPersonTypedIsNoWebPages() {
        #expect(request("HTTP_SEC_FETCH_SITE=none", "HTTP_ORIGIN=").isJSON)
    }

    @Test func anInputThatFailsIsNoShortBody() {
        #expect(throws: BodyError.unreadable) { try request("CONTENT_LENGTH=3").body(limit: 9) }
        #expect(throws: BodyError.unreadable) { try request("HTTP_TRANSFER_ENCODING=chunked").body(limit: 9) }
        #expect(throws: Never.self) { try request("CONTENT_LENGTH=0").body(limit: 9) }
        #expect(throws: Never.self) { try request("CONTENT_LENGTH=000").body(limit: 9) }
    }

    @Test(
        arguments: [
            ("GET", .get), ("HEAD", .head), ("POST", .post), ("PUT", .put), ("PATCH", .patch), ("DELETE", .delete),
            ("OPTIONS", .options), ("post", .other), ("", .other), ("GETS", .other), ("GE", .other),
        ] as [(String, CGI.Method)])
    func methodsAreTheirTokens(name: String, method: CGI.Method) {
        #expect(request("REQUEST_METHOD=\(name)").method == method)
        if method != .other { #expect(method.name.description == name) }
    }
}
