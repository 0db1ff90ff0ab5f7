// JSON text: every escape as written.

import CGI
import JSON
import TestSupport
import Testing

private func written(_ body: (inout JSONWriter) -> Void) -> String {
    var json = JSONWriter()
    body(&json)
    return String(decoding: json.bytes, as: UTF8.self)
}

@Suite struct JSONWriterTests {
    @Test(arguments: [
        ("", #""""#), ("a\"b\\c/", #""a\"b\\c/""#), ("\n\r\t\u{8}\u{C}", #""\u000a\u000d\u0009\u0008\u000c""#),
        ("\0\u{1F}\u{7F}", #""\u0000\u001f\u007f""#), ("é😀\u{2028}", #""é😀\u2028""#), ("e\u{301}", "\"e\u{301}\""),
        ("\u{80}\u{9B}2J\u{9F}\u{A0}", "\"\\u0080\\u009b2J\\u009f\u{A0}\""),
        ("\u{2027}\u{2028}\u{2029}", "\"\u{2027}\\u2028\\u2029\""),
        ("\u{61C}\u{200E}\u{200F}\u{200D}", "\"\\u061c\\u200e\\u200f\u{200D}\""),
        ("\u{202A}\u{202E}\u{202F}", "\"\\u202a\\u202e\u{202F}\""),
        ("\u{2065}\u{2066}\u{2069}\u{206A}", "\"\u{2065}\\u2066\\u2069\u{206A}\""), ("é\"\\\n", #""é\"\\\u000a""#),
    ])
    func textIsEscaped(text: String, expected: String) {
        let json = written { $0.string(text) }
        #expect(json.utf8.elementsEqual(expected.utf8), "\(json)")
    }

    /// With only the escapes of RFC 8259 §7, no program obeys the text, and it reads back the same.
    @Test func nothingInJSONIsObeyed() throws {
        for hostile in HostileText.all {
            let json = written { $0.string(hostile.text) }
            #expect(obeyed(in: json) == [] && !json.contains("\n"), "\(hostile.name)")
            #expect(try JSONValue(parsing: Array(json.utf8)) == .string(hostile.text), "\(hostile.name)")
        }
    }

    @Test func commasStandBetweenAndNowhereElse() {
        let json = written { json in
            json.object { json in
                json.member("a", 1)
                json.member("b", true)
                json.member("c", nil as String?)
                json.name("d")
                json.array { json in
                    json.array { _ in }
                    json.object { _ in }
                    json.string("x")
                    json.null()
                    json.written(Array("[1]".utf8))
                }
                json.name("e")
                json.object { $0.member("f", Int64.min) }
                json.member("g", "h")
            }
        }
        #expect(json == #"{"a":1,"b":true,"c":null,"d":[[],{},"x",null,[1]],"e":{"f":-9223372036854775808},"g":"h"}"#)
    }
}
