// Requests and answers by RFC 3875.

import CGI
import Glibc
import TestSupport
import Testing

private func request(_ entries: [String], body: String = "") -> Request {
    Request(parameters: parameters(entries)) { limit in Array(body.utf8.prefix(limit)) }
}

@Suite struct RequestTests {
    @Test func theFirstEntryOfANameIsFound() {
        let list = parameters(["A=1", "AB=2", "A=", "A=3", "B"])
        #expect(list.first("A") == "1")
        #expect(list.first("B") == nil)
        #expect(list.nonEmpty("C") == nil)
        #expect(parameters(["A="]).first("A") == "")
        #expect(parameters(["A="]).nonEmpty("A") == nil)
    }

    @Test func aFieldHasOneValueOrNone() {
        let fields = request([
            "HTTP_VIA=1", "HTTP_ORIGIN=", "HTTP_ORIGIN=a", "HTTP_USER_AGENT=a, b", "HTTP_X_API_KEYS=x", "CONTENT_TYPES=y",
        ]).fields
        #expect(fields[.via] == "1" && fields[.origin] == "a" && fields[.userAgent] == "a, b")
        #expect(fields[.apiKey] == nil && !fields.has(.contentType) && fields.ambiguity == nil)
        for (entries, name, ambiguity) in [
            (["HTTP_VIA=1", "HTTP_VIA=1"], .via, .others), (["HTTP_ORIGIN=a,"], .origin, .others),
            (["HTTP_SEC_FETCH_SITE=none, none"], .fetchSite, .others),
            (["CONTENT_TYPE=a", "X=b", "CONTENT_TYPE=b"], .contentType, .others),
            (["HTTP_X_API_KEY=a,b"], .apiKey, .credentials),
            (["HTTP_VIA=1", "HTTP_VIA=1", "HTTP_X_PROJECT_ID=a,"], .projectID, .credentials),
        ] as [([String], HeaderFields.Name, HeaderFields.Ambiguity)] {
            let fields = request(entries).fields
            #expect(fields[name] == nil && fields.has(name) && fields.ambiguity == ambiguity, "\(entries)")
        }
    }

    @Test func aBodyIsWholeOrAFault() throws {
        func read(_ length: String?, _ body: String, _ more: [String] = []) throws(BodyError) -> [UInt8] {
            try request((length.map { ["CONTENT_LENGTH=\($0)"] } ?? []) + more, body: body).body(limit: 10)
        }
        #expect(try read("3", "abc") == Array("abc".utf8))
        #expect(try read("3", "abcdef") == Array("abc".utf8))
        #expect(try read("0", "abc").isEmpty)
        #expect(try read(nil, "abc", ["HTTP_TRANSFER_ENCODING=chunked"]) == Array("abc".utf8))
        for length in [nil, "", "+3", "-3", "3 ", "x", "３"] as [String?] {
            #expect(throws: BodyError.lengthRequired) { try read(length, "abc") }
        }
        for length in ["11", "99999999999999999999999"] {
            #expect(throws: BodyError.tooLarge) { try read(length, "abc") }
        }
        #expect(throws: BodyError.incomplete) { try read("4", "abc") }
        #expect(throws: BodyError.tooLarge) {
            try read(nil, "abcdefghijk", ["HTTP_TRANSFER_ENCODING=chunked"])
        }
    }

    @Test func aBodyOfHTTP2NeedsNoLength() throws {
        func read(_ variables: [String], _ body: String) throws(BodyError) -> [UInt8] {
            try request(variables, body: body).body(limit: 10)
        }
        for version in ["HTTP/2", "HTTP/2.0", "HTTP/3"] {
            for method in ["POST", "PATCH"] {
                let variables = ["REQUEST_METHOD=\(method)", "SERVER_PROTOCOL=\(version)"]
                #expect(try read(variables, "abc") == Array("abc".utf8))
                #expect(try read(variables, "").isEmpty)
                #expect(try read(variables + ["CONTENT_LENGTH=2"], "abc") == Array("ab".utf8))
                #expect(throws: BodyError.tooLarge) { try read(variables, "abcdefghijk") }
            }
        }
        for version in ["HTTP/1.1", "HTTP/1.0", "INCLUDED", "HTTP/", ""] {
            #expect(throws: BodyError.lengthRequired) { try read(["REQUEST_METHOD=POST", "SERVER_PROTOCOL=\(version)"], "abc") }
        }
    }

    @Test func theTargetIsWhatTheClientSentOrWhatTheServerMadeOfIt() {
        #expect(request(["REQUEST_URI=/a%20b?c=d?e", "SCRIPT_NAME=/x"]).target == "/a%20b?c=d?e")
        #expect(request(["REQUEST_URI=", "SCRIPT_NAME=/x", "PATH_INFO=/y"]).target == "/x/y")
        #expect(request(["SCRIPT_NAME=/x"]).target == "/x" && request(["PATH_INFO=/y"]).target == nil)
        #expect(request([]).target == nil)
        #expect(request(["REQUEST_METHOD=get"]).method == .other)
    }

    @Test func theLastFieldOfAQueryCounts() {
        let query = Query("page=1&x&page=%32+%zz&=3&limit")
        #expect(query.last("page") == Array("2 %zz".utf8))
        #expect(query.last("limit") == [])
        #expect(query.last("none") == nil)
    }

    @Test func anAnswerHasItsLengthAndOneEnd() {
        let response = Response(.created, headers: [HeaderField("A", "b")], body: Array("{}".utf8))
        #expect(
            String(decoding: response.serialized(), as: UTF8.self) == "Status: 201 Created\r\nA: b\r\nContent-Length: 2\r\n\r\n{}"
        )
        #expect(
            String(decoding: response.serialized(headOnly: true), as: UTF8.self)
                == "Status: 201 Created\r\nA: b\r\nContent-Length: 2\r\n\r\n")
        #expect(
            String(decoding: Response(.noContent, headers: [], body: nil).serialized(), as: UTF8.self)
                == "Status: 204 No Content\r\n\r\n")
    }
}
